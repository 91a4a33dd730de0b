//! Why the store cannot be used, or refuses.

use std::path::PathBuf;

use miette::Diagnostic;
use thiserror::Error;

use crate::primitives::{Aid, Said};

use super::reserve::State;

/// A store that cannot be used, or a change that it refuses.
#[derive(Debug, Error, Diagnostic)]
pub enum StoreError {
    /// An event that both QARs gave up.
    #[error("both QARs gave event `{said}` up")]
    #[diagnostic(
        code(countersign::store::given_up),
        help("what was given up is never signed; make a new case, with a proposal of its own")
    )]
    GivenUp {
        /// The event.
        said: Said,
    },
    /// It was there, and is gone.
    #[error("the store `{}` is gone, and the trust file says that it was initialised", path.display())]
    #[diagnostic(
        code(countersign::store::state_missing),
        help(
            "what was reserved and signed is not known any more, so nothing is signed; restore the file, or have the \
             officers sign a recovery (`countersign state recover`)"
        )
    )]
    StateMissing {
        /// The path.
        path: PathBuf,
    },
    /// It was never there.
    #[error("there is no store at `{}`", path.display())]
    #[diagnostic(code(countersign::store::not_initialised), help("`countersign state init` makes it, once"))]
    NotInitialised {
        /// The path.
        path: PathBuf,
    },
    /// It is there already.
    #[error("there is a store at `{}` already", path.display())]
    #[diagnostic(code(countersign::store::exists), help("a store is made once; look at what is there"))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Some other file.
    #[error("`{}` is no store of countersign", path.display())]
    #[diagnostic(
        code(countersign::store::foreign),
        help("look at `store` in countersign.toml; the file is left alone")
    )]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// Made by a later countersign.
    #[error("the store `{}` has version {version}, and this countersign knows version {known}", path.display())]
    #[diagnostic(code(countersign::store::newer_version), help("use the countersign that made it, or update this one"))]
    NewerVersion {
        /// The path.
        path: PathBuf,
        /// Its version.
        version: i64,
        /// Ours.
        known: i64,
    },
    /// It does not hold together.
    #[error("the store `{}` is damaged: {reason}", path.display())]
    #[diagnostic(
        code(countersign::store::damaged),
        help("nothing is signed; restore the file, or have the officers sign a recovery")
    )]
    Damaged {
        /// The path.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another process holds it.
    #[error("the store `{}` is held by another process", path.display())]
    #[diagnostic(code(countersign::store::busy), help("wait until the other command is done, then try again"))]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// The database refuses.
    #[error("the store `{}` cannot be used: {reason}", path.display())]
    #[diagnostic(
        code(countersign::store::database),
        help("nothing was changed; look at the folder, its free space and who may write there")
    )]
    Database {
        /// The path.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
    /// Another event is reserved at the place.
    #[error("event `{held}` is reserved at number {sn} of group `{group}`, so `{asked}` cannot be")]
    #[diagnostic(
        code(countersign::store::taken),
        help(
            "finish with the reserved event, or have both QARs sign its abandonment once the live log shows the place free"
        )
    )]
    Taken {
        /// The group.
        group: Aid,
        /// The place.
        sn: u64,
        /// What is reserved.
        held: Said,
        /// What was asked for.
        asked: Said,
    },
    /// Nothing is reserved.
    #[error("event `{said}` is not reserved at number {sn} of group `{group}`")]
    #[diagnostic(
        code(countersign::store::not_reserved),
        help("an event is reserved before anything else is done with it")
    )]
    NotReserved {
        /// The group.
        group: Aid,
        /// The place.
        sn: u64,
        /// The event.
        said: Said,
    },
    /// What was to be given up went on meanwhile.
    #[error("event `{said}` was signed, or given up, since it was looked at")]
    #[diagnostic(
        code(countersign::store::signed_meanwhile),
        help("nothing was given up; run the same command again, which looks anew at how far the event has come")
    )]
    SignedMeanwhile {
        /// The event.
        said: Said,
    },
    /// A step that cannot come now.
    #[error("event `{said}` is {state}, so it cannot become {asked}")]
    #[diagnostic(
        code(countersign::store::step),
        help(
            "a signature goes from reserved to signed, decided, logged and released, each once and with the same content"
        )
    )]
    Step {
        /// The event.
        said: Said,
        /// Where it is.
        state: State,
        /// What was asked for.
        asked: State,
    },
    /// One record where two are needed.
    #[error("the same record was given twice for the abandonment of event `{said}`")]
    #[diagnostic(
        code(countersign::store::one_record),
        help("both QARs sign an abandonment, each a record of their own")
    )]
    OneRecord {
        /// The event.
        said: Said,
    },
    /// Something that was remembered would be lowered.
    #[error("the {what} {asked} is before {held}, which was seen already")]
    #[diagnostic(
        code(countersign::store::rollback),
        help("an older state was put back, or the clock was set back; look at what changed")
    )]
    Rollback {
        /// What.
        what: &'static str,
        /// What was asked for.
        asked: String,
        /// What was seen.
        held: String,
    },
    /// Something was added to a case since it was read.
    #[error("`{}` was changed while this act was made", path.display())]
    #[diagnostic(
        code(countersign::store::case_moved),
        help("nothing was written; look at `countersign case log`, and act again if it is still right")
    )]
    CaseMoved {
        /// The case.
        path: PathBuf,
    },
    /// A case that cannot be written.
    #[error("`{}` cannot be written: {reason}", path.display())]
    #[diagnostic(
        code(countersign::store::case_write),
        help("look at the folder, its free space and who may write there; what was begun is finished by the next act")
    )]
    CaseWrite {
        /// The case.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
}
