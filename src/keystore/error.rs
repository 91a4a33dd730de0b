//! Why keys cannot be used, and why a signer gave no signature.

use std::io;
use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use super::NotSignable;
use super::document::KeyName;

/// A file of keys that cannot be made, read or opened.
#[derive(Debug, Error, Diagnostic)]
pub enum KeystoreError {
    /// The system gives no random numbers.
    #[error("this system gives no random numbers: {reason}")]
    #[diagnostic(code(countersign::keystore::random), help("no key was made; look at the system first"))]
    Random {
        /// What it says.
        reason: String,
    },
    /// A text that is no seed. It is not repeated: it may be one with a typing error.
    #[error("a line of the input is no seed of a key")]
    #[diagnostic(
        code(countersign::keystore::not_a_seed),
        help(
            "one seed a line, the current key's, then the next one's: `A` and 43 characters, or 64 hexadecimal digits"
        )
    )]
    NotASeed,
    /// A name that keys cannot have.
    #[error("`{name}` cannot be the name of keys")]
    #[diagnostic(
        code(countersign::keystore::name),
        help("a name has 1 to 48 lower-case letters, digits and `-`, and begins with a letter")
    )]
    Name {
        /// As given.
        name: String,
    },
    /// Witnesses that an identifier cannot have.
    #[error("the witnesses cannot be used: {reason}")]
    #[diagnostic(code(countersign::keystore::witnesses), help("name each witness once, by its `B` identifier"))]
    Witnesses {
        /// Why.
        reason: String,
    },
    /// A key that is not the identifier's.
    #[error("the seed gives key `{key}`, and identifier `{aid}` is another key")]
    #[diagnostic(code(countersign::keystore::another_aid), help("look at which seed belongs to the identifier"))]
    AnotherAid {
        /// The seed's.
        key: String,
        /// As given.
        aid: String,
    },
    /// A passphrase that protects nothing.
    #[error("the passphrase has fewer than {least} characters")]
    #[diagnostic(
        code(countersign::keystore::weak_passphrase),
        help("take several words; who copies the file can try passphrases at leisure")
    )]
    WeakPassphrase {
        /// Fewest characters.
        least: usize,
    },
    /// The cost of deriving a key cannot be paid.
    #[error("no key can be derived from the passphrase: {reason}")]
    #[diagnostic(
        code(countersign::keystore::derivation),
        help("deriving takes the memory that the file names; free some, or restore the file")
    )]
    Derivation {
        /// Why.
        reason: String,
    },
    /// No keys of that name.
    #[error("there are no keys `{name}` in `{}`", folder.display())]
    #[diagnostic(
        code(countersign::keystore::missing),
        help("`countersign keys list` shows which there are; `countersign keys new` makes some")
    )]
    Missing {
        /// The name.
        name: KeyName,
        /// Where.
        folder: PathBuf,
    },
    /// Keys of that name are there.
    #[error("there are keys `{name}` already in `{}`", folder.display())]
    #[diagnostic(code(countersign::keystore::exists), help("keys are never replaced; choose another name"))]
    Exists {
        /// The name.
        name: KeyName,
        /// Where.
        folder: PathBuf,
    },
    /// Another process changes the same keys.
    #[error("the keys `{name}` are being changed by another process")]
    #[diagnostic(code(countersign::keystore::busy), help("wait until it is done, then look at what it did"))]
    Busy {
        /// The name.
        name: KeyName,
    },
    /// A file that others can read.
    #[error("`{}` has mode {mode:04o}: others can read or change it", path.display())]
    #[diagnostic(
        code(countersign::keystore::mode),
        help("run `chmod 600` on it, and ask who has read it; if anybody could, rotate the keys")
    )]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Something else than a file.
    #[error("`{}` is no regular file", path.display())]
    #[diagnostic(code(countersign::keystore::not_a_file), help("keys lie in a file of their own, not behind a link"))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A file that ends early.
    #[error("the file of keys `{}` ends early", path.display())]
    #[diagnostic(code(countersign::keystore::truncated), help("restore it from a backup"))]
    Truncated {
        /// The file.
        path: PathBuf,
    },
    /// A file that is none of ours.
    #[error("`{}` is no file of keys: {reason}", path.display())]
    #[diagnostic(
        code(countersign::keystore::foreign),
        help("`countersign keys new` and `countersign keys import` write such files")
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file of a later countersign.
    #[error("the file of keys `{}` has version {version}, and this countersign knows version {known}", path.display())]
    #[diagnostic(code(countersign::keystore::newer_version), help("update countersign on this machine"))]
    NewerVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// Ours.
        known: u64,
    },
    /// A passphrase that does not open the file.
    #[error("the passphrase does not open the keys `{name}`")]
    #[diagnostic(code(countersign::keystore::wrong_passphrase), help("try again; the file was not changed"))]
    WrongPassphrase {
        /// The name.
        name: KeyName,
    },
    /// A file that was changed.
    #[error("the file of the keys `{name}` is not as it was written")]
    #[diagnostic(
        code(countersign::keystore::damaged),
        help("the passphrase is right, so somebody or something changed the file; restore it from a backup")
    )]
    Damaged {
        /// The name.
        name: KeyName,
    },
    /// Nothing to rotate to.
    #[error("the next key of `{name}` is not in the file")]
    #[diagnostic(
        code(countersign::keystore::no_next),
        help(
            "an identifier can rotate only to the key it committed to; import its seed together with the current one"
        )
    )]
    NoNext {
        /// The name.
        name: KeyName,
    },
    /// A file that cannot be read.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::keystore::unreadable), help("look at the path and at who may read it"))]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(
        code(countersign::keystore::write),
        help("nothing was changed; look at the folder, its free space and who may write there")
    )]
    Write {
        /// The path.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A value that cannot be written.
    #[error("{what} cannot be written")]
    #[diagnostic(code(countersign::keystore::internal), help("this is a defect of countersign; please report it"))]
    Internal {
        /// Which.
        what: &'static str,
    },
}

/// Why there is no signature.
#[derive(Debug, Error, Diagnostic)]
pub enum SignerError {
    /// The keys cannot be opened.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Keys(#[from] KeystoreError),
    /// It is nothing that is signed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotSignable(#[from] NotSignable),
    /// The command cannot be started.
    #[error("the signer `{command}` cannot be started")]
    #[diagnostic(
        code(countersign::keystore::signer_start),
        help("`signer` in countersign.toml names the program and its arguments; docs/signer-protocol.md describes it")
    )]
    Start {
        /// The program.
        command: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error("the signer `{command}` gave no answer within {seconds} s, and was stopped")]
    #[diagnostic(
        code(countersign::keystore::signer_timeout),
        help("nothing was signed as far as is known; look at the device, then run the command again")
    )]
    Timeout {
        /// The program.
        command: String,
        /// The deadline.
        seconds: u64,
    },
    /// It ended without an answer, or badly.
    #[error("the signer `{command}` ended with {status}{}", if said.is_empty() { String::new() } else { format!(": `{said}`") })]
    #[diagnostic(code(countersign::keystore::signer_exit), help("look at the device, then run the command again"))]
    Exit {
        /// The program.
        command: String,
        /// How.
        status: String,
        /// The first line that it wrote to stderr.
        said: String,
    },
    /// More than an answer has.
    #[error("the signer `{command}` answered with more than {limit} bytes")]
    #[diagnostic(
        code(countersign::keystore::signer_output),
        help("an answer is one short JSON object; docs/signer-protocol.md describes it")
    )]
    Output {
        /// The program.
        command: String,
        /// Most bytes.
        limit: usize,
    },
    /// Something that is no answer.
    #[error("the signer `{command}` gave no answer of the protocol: {reason}")]
    #[diagnostic(
        code(countersign::keystore::signer_answer),
        help("an answer is one JSON object; docs/signer-protocol.md describes it")
    )]
    Answer {
        /// The program.
        command: String,
        /// What is wrong.
        reason: String,
    },
    /// It says no.
    #[error("the signer `{command}` refuses: `{reason}`")]
    #[diagnostic(
        code(countersign::keystore::signer_refused),
        help("the device decides; what it needs, it says itself")
    )]
    Refused {
        /// The program.
        command: String,
        /// Its reason.
        reason: String,
    },
    /// A signature that does not hold.
    #[error("the signature that `{signer}` gave is not by key `{key}` over these bytes")]
    #[diagnostic(
        code(countersign::keystore::wrong_signature),
        help("the signer holds another key, or signed something else; the signature was thrown away")
    )]
    WrongSignature {
        /// The signer.
        signer: String,
        /// The key that was expected.
        key: String,
    },
}
