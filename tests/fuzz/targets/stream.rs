//! The stream reader on any bytes: framing, sorting into evidence, showing, writing back.
//!
//! Sizes and digests would stop almost every change at once, so half of the inputs are mended first.

#![no_main]

#[path = "../mend.rs"]
mod mend;

use countersign::keri::cesr::{self, Attachment, Group, Message, StreamWriter};
use countersign::keri::evidence::Evidence;
use countersign::keri::show;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mend::mutate(data, size, max_size, seed)
});

fuzz_target!(|data: &[u8]| {
    let _ = cesr::read_attachments(data);
    let messages = match cesr::read(data) {
        Ok(messages) => messages,
        Err(error) => {
            assert!(error.offset() <= data.len(), "{error} at {}", error.offset());
            assert!(show::describe(data).is_err());
            return;
        }
    };
    whole(data, &messages);
    let evidence = Evidence::collect(&messages);
    assert_eq!(evidence.messages, messages.len());
    for finding in &evidence.findings {
        assert!(finding.offset.is_some_and(|offset| offset < data.len()), "{finding:?}");
    }
    let shown = show::describe(data).expect("what was read is shown");
    assert!(shown.len() <= 64 * data.len() + 65_536, "{} bytes are shown for {}", shown.len(), data.len());
    written_alike(&messages);
});

/// The messages are the stream, without a gap.
fn whole(data: &[u8], messages: &[Message<'_>]) {
    let mut at = 0;
    for message in messages {
        // Genus codes may stand between messages.
        assert!(message.offset >= at && (message.offset - at) % 8 == 0, "{at} to {}", message.offset);
        assert_eq!(&data[message.offset..message.offset + message.body.len()], message.body.as_bytes());
        assert!(message.end >= message.offset + message.body.len());
        at = message.end;
    }
    assert!(data.len() - at <= 2 || data[at..].starts_with(b"-"), "{at} of {}", data.len());
}

/// What was read and written is read again as the same.
fn written_alike(messages: &[Message<'_>]) {
    let mut writer = StreamWriter::new();
    for message in messages {
        // A count that does not fit one code was written with several.
        if writer.copy(message).is_none() {
            return;
        }
    }
    let text = writer.finish();
    let again = cesr::read(&text).expect("what was written is read");
    assert_eq!(again.len(), messages.len());
    for (again, message) in again.iter().zip(messages) {
        assert_eq!(again.body, message.body);
        same(&again.attachments, &message.attachments);
    }
}

fn same(again: &[Attachment<'_>], before: &[Attachment<'_>]) {
    assert_eq!(again.len(), before.len());
    for (again, before) in again.iter().zip(before) {
        match (&again.group, &before.group) {
            (Group::Pathed { path, attachments }, Group::Pathed { path: other, attachments: others }) => {
                assert_eq!(path, other);
                same(attachments, others);
            }
            (again, before) => assert_eq!(std::mem::discriminant(again), std::mem::discriminant(before)),
        }
    }
}
