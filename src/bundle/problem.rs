//! What is wrong with a file of the evidence: a finding, never a reason to stop reading.

use crate::facts::FileId;
use crate::source::Span;

/// A problem with a file. `path` and `message` hold user text that is already made printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it is.
    pub code: Code,
    /// The file, relative to the case: `bundle/records/x.json`.
    pub path: String,
    /// The file, if it was read.
    pub file: Option<FileId>,
    /// Where in the file.
    pub span: Option<Span>,
    /// JSON pointer of the field, where one is meant.
    pub pointer: Option<String>,
    /// What is there and what should be.
    pub message: String,
    /// What to do.
    pub help: String,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident => $name:literal, $rule:ident $(, $follows:ident)?;)+) => {
        /// The problems there are, each with a stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)+];

            /// The stable code: `countersign::bundle::duplicate_key`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!("countersign::bundle::", $name),)+
                }
            }

            /// The rule that the problem fails.
            pub fn rule(self) -> FileRule {
                match self {
                    $(Self::$variant => FileRule::$rule,)+
                }
            }

            /// Whether it can follow from what is wrong with another file: a record is changed, and the next one
            /// does not find it. What is wrong with a file itself stands before it.
            pub fn follows(self) -> bool {
                match self {
                    $(Self::$variant => codes!(@ $($follows)?),)+
                }
            }
        }
    };
    (@ Follows) => { true };
    (@) => { false };
}

/// The rules that problems with files fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileRule {
    /// The evidence is complete and unaltered.
    Gate5,
    /// Times are unambiguous and not in the future.
    Gate7,
}

impl FileRule {
    /// The rule's id.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gate5 => "GATE-5",
            Self::Gate7 => "GATE-7",
        }
    }
}

codes! {
    // Files.
    /// A symbolic link (or a hard link in an archive).
    Symlink => "symlink", Gate5;
    /// A device, a pipe, a socket.
    NotAFile => "not_a_file", Gate5;
    /// An absolute path, `..`, a backslash, a control character.
    PathRefused => "path_refused", Gate5;
    /// A path longer than the limit.
    PathTooLong => "path_too_long", Gate5;
    /// Folders nested beyond the limit.
    FolderTooDeep => "folder_too_deep", Gate5;
    /// A name that is no UTF-8.
    NameNotUtf8 => "name_not_utf8", Gate5;
    /// Two paths that a file system could take for one.
    CaseCollision => "case_collision", Gate5;
    /// The same path twice in an archive.
    DuplicatePath => "duplicate_path", Gate5;
    /// A file beyond the limit.
    FileTooBig => "file_too_big", Gate5;
    /// All files together beyond the limit.
    CaseTooBig => "case_too_big", Gate5;
    /// More files than the limit.
    TooManyFiles => "too_many_files", Gate5;
    /// A file that changed while it was read.
    FileChanged => "file_changed", Gate5;
    /// A file or folder that the system does not let us read.
    FileUnreadable => "file_unreadable", Gate5;
    /// An archive that ends early or is damaged.
    ArchiveBroken => "archive_broken", Gate5;
    // Manifest.
    /// Nothing at all in the bundle, or nothing listed.
    EmptyBundle => "empty_bundle", Gate5;
    /// No `manifest.json`.
    ManifestMissing => "manifest_missing", Gate5;
    /// `manifest.json` is not strict JSON.
    ManifestUnreadable => "manifest_unreadable", Gate5;
    /// `manifest.json` is not its own RFC 8785 form.
    ManifestNotCanonical => "manifest_not_canonical", Gate5;
    /// A member of `manifest.json` is not as its schema says.
    ManifestInvalid => "manifest_invalid", Gate5;
    /// Entries are not sorted by path.
    EntriesUnsorted => "entries_unsorted", Gate5;
    /// Two entries for one path.
    EntryDuplicate => "entry_duplicate", Gate5;
    /// Listed and not there.
    FileMissing => "file_missing", Gate5, Follows;
    /// There and not listed.
    FileUnlisted => "file_unlisted", Gate5, Follows;
    /// Another size than listed.
    SizeMismatch => "size_mismatch", Gate5;
    /// Another digest than listed.
    DigestMismatch => "digest_mismatch", Gate5;
    /// A kind that no schema describes.
    UnknownKind => "unknown_kind", Gate5;
    /// A kind that does not belong into a bundle: computed facts, case records.
    KindRefused => "kind_refused", Gate5;
    /// `post/` does not name the bundle that it continues.
    PostNotContinuing => "post_not_continuing", Gate5, Follows;
    // Strict JSON.
    /// Bytes that are no UTF-8.
    NotUtf8 => "not_utf8", Gate5;
    /// A byte order mark.
    ByteOrderMark => "byte_order_mark", Gate5;
    /// Not JSON.
    NotJson => "not_json", Gate5;
    /// A key twice in one object.
    DuplicateKey => "duplicate_key", Gate5;
    /// A number that is not an integer.
    Float => "float", Gate5;
    /// An integer beyond 2^53-1.
    BigInteger => "big_integer", Gate5;
    /// Nested beyond the limit.
    NestedTooDeep => "nested_too_deep", Gate5;
    /// Text after the value.
    TrailingText => "trailing_text", Gate5;
    /// Half of a surrogate pair.
    LoneSurrogate => "lone_surrogate", Gate5;
    /// A control character that is not escaped.
    ControlCharacter => "control_character", Gate5;
    /// An escape that JSON does not have.
    BadEscape => "bad_escape", Gate5;
    /// More values than the limit.
    TooManyValues => "too_many_values", Gate5;
    // Records.
    /// A record that is not an object.
    NotAnObject => "not_an_object", Gate5;
    /// A record of another kind than listed.
    KindMismatch => "kind_mismatch", Gate5;
    /// Two records with one id.
    DuplicateId => "duplicate_id", Gate5;
    /// A required field that is not there.
    MissingField => "missing_field", Gate5;
    /// A member that the schema does not know.
    UnknownField => "unknown_field", Gate5;
    /// A value of another JSON type.
    WrongType => "wrong_type", Gate5;
    /// null where the schema does not allow it.
    NullRefused => "null_refused", Gate5;
    /// A text that does not match its pattern.
    PatternMismatch => "pattern_mismatch", Gate5;
    /// A text outside the closed set.
    NotInEnum => "not_in_enum", Gate5;
    /// A text or list that is too short or too long.
    LengthRefused => "length_refused", Gate5;
    /// An integer outside its range.
    RangeRefused => "range_refused", Gate5;
    /// A text that is no e-mail address or URL.
    FormatRefused => "format_refused", Gate5;
    /// A text that is no instant.
    BadInstant => "bad_instant", Gate5;
    /// An instant without an offset.
    NaiveInstant => "naive_instant", Gate7;
    /// A text that is no calendar date.
    BadDate => "bad_date", Gate5;
    /// A text that is no SHA-256 digest.
    BadSha256 => "bad_sha256", Gate5;
    /// A value that is no signing threshold.
    BadThreshold => "bad_threshold", Gate5;
    /// A field that an object with this tag does not have.
    FieldOfOtherVariant => "field_of_other_variant", Gate5;
    /// More problems in one file than are shown.
    FurtherProblems => "further_problems", Gate5;
    /// A record names a body that is not listed.
    BodyMissing => "body_missing", Gate5, Follows;
    /// A record names a body that is listed as something else.
    BodyKind => "body_kind", Gate5, Follows;
    // Signatures and streams.
    /// A file of detached signatures that cannot be read.
    SignatureUnreadable => "signature_unreadable", Gate5;
    /// A file of detached signatures without what it would sign.
    SignatureDangling => "signature_dangling", Gate5, Follows;
    /// A case record names a stream that is not there.
    StreamMissing => "stream_missing", Gate5;
    /// A stream in `decision/` that no proposal names.
    StreamUnnamed => "stream_unnamed", Gate5, Follows;
    // Case records.
    /// A file in `decision/` that is no case record.
    NotACaseRecord => "not_a_case_record", Gate5;
    /// A case record whose predecessor is not there.
    ChainGap => "chain_gap", Gate5, Follows;
    /// Two case records with one predecessor.
    ChainFork => "chain_fork", Gate5, Follows;
}

impl Problem {
    /// Orders problems: what can follow from another last, then by file, place and code; one that was met twice
    /// (a body that two records name) is kept once.
    pub fn sort(problems: &mut Vec<Problem>) {
        problems.sort_by(|a, b| {
            let key = |p: &Problem| (p.span.map(|span| span.start), p.code);
            let file = a.code.follows().cmp(&b.code.follows()).then_with(|| a.path.cmp(&b.path));
            file.then_with(|| key(a).cmp(&key(b))).then_with(|| a.message.cmp(&b.message))
        });
        problems.dedup();
    }
}
