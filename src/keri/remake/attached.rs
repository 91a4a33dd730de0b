//! What is attached to messages and stands beside records: edited, and signed again.

mod edit;
mod sign;

pub(super) use edit::{Claim, Skeleton, edit, follow, signature_file, unsigned_groups};
pub(super) use sign::{Signing, sign, sign_again};

use crate::keri::cesr::{Attachment, Message, Protocol, StreamWriter, read_attachments};

/// Reads attached groups; none is none.
fn read(text: &str) -> Result<Vec<Attachment<'_>>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    read_attachments(text.as_bytes()).map_err(|error| format!("what is attached cannot be read: {error}"))
}

/// Writes attached groups, without those that are empty.
fn write(attachments: Vec<Attachment<'_>>) -> Result<String, String> {
    let attachments = attachments.into_iter().filter(|attachment| !edit::is_empty(&attachment.group)).collect();
    let message = Message { offset: 0, protocol: Protocol::Keri, body: "", attachments, end: 0 };
    let mut writer = StreamWriter::new();
    writer.copy(&message).ok_or("more is attached than a count code can say")?;
    String::from_utf8(writer.finish()).map_err(|_| "it is not text".to_owned())
}
