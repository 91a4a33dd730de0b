//! Why a command could not run. Each of these ends with exit status 2.

use std::io;
use std::path::PathBuf;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::policy::NewError;
use crate::audit::AuditError;
use crate::bundle::BundleError;
use crate::bundle::author::AuthorError;
use crate::case::CaseError;
use crate::check::CheckError;
use crate::fetch::FetchError;
use crate::gleif::GleifError;
use crate::keri::Unclear;
use crate::keri::build::attach::SignatureError;
use crate::keri::cesr::CesrError;
use crate::keri::schema::NotASchema;
use crate::keystore::{KeystoreError, SignerError};
use crate::ledger::LedgerError;
use crate::lock::LockError;
use crate::monitor::MonitorError;
use crate::policy::PolicyProblem;
use crate::primitives::{Instant, Said};
use crate::proposal::{Incomparable, NotAProposal, SignatureRefused, Unproven};
use crate::sign::SignError;
use crate::state::StateError;
use crate::store::StoreError;
use crate::trust::TrustError;
use crate::year::YearError;

/// A command that could not run.
#[derive(Debug, Error, Diagnostic)]
pub(super) enum CliError {
    /// stdout is closed or full.
    #[error("the result cannot be printed")]
    #[diagnostic(code(countersign::cli::print), help("look at where the output goes"))]
    Print {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The machine's time cannot be used.
    #[error("the clock of this machine is outside the years that can be written")]
    #[diagnostic(code(countersign::cli::clock), help("set the clock, or give the instant with `--as-of`"))]
    Clock,
    /// A clock that somebody set and nobody can read.
    #[error("COUNTERSIGN_NOW is `{text}`, and that is no instant")]
    #[diagnostic(
        code(countersign::cli::clock_unreadable),
        help("write it like 2026-03-20T15:00:00Z, or take the variable away")
    )]
    ClockUnreadable {
        /// As set.
        text: String,
    },
    /// A clock that somebody set where it counts.
    #[error("COUNTERSIGN_NOW is set, and the trust file is not one for practice")]
    #[diagnostic(
        code(countersign::cli::not_practice),
        help("take the variable away: here the clock of the machine counts, and nothing else")
    )]
    NotPractice,
    /// An output that does not hold what it must.
    #[error("{what} is not text")]
    #[diagnostic(code(countersign::cli::internal), help("this is a defect of countersign; please report it"))]
    Internal {
        /// Which.
        what: &'static str,
    },
    /// A page of a command that does not exist.
    #[error("there is no command `{name}`")]
    #[diagnostic(code(countersign::cli::no_such_command), help("`countersign --help` lists the commands"))]
    NoSuchCommand {
        /// As given.
        name: String,
    },
    /// A settings file that cannot be read.
    #[error("the settings file `{}` cannot be read", path.display())]
    #[diagnostic(
        code(countersign::cli::config_unreadable),
        help("give another one with `--config`, or run without one from another folder")
    )]
    ConfigUnreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A settings file with something in it that is no setting.
    #[error("the settings cannot be used: {reason}")]
    #[diagnostic(code(countersign::cli::config_invalid), help("schemas/config.schema.json lists the settings"))]
    ConfigInvalid {
        /// What the parser says.
        reason: String,
        /// Where.
        #[label("here")]
        at: SourceSpan,
        /// The file.
        #[source_code]
        text: NamedSource<String>,
    },
    /// A file beyond its bound.
    #[error("`{}` has {bytes} bytes; at most {limit} are read", path.display())]
    #[diagnostic(
        code(countersign::cli::too_large),
        help("nothing of this size is expected here; look whether it is the right file")
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A file that cannot be read.
    #[error("`{}` cannot be read", path.display())]
    #[diagnostic(code(countersign::cli::unreadable), help("look at the path and at who may read it"))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("`{}` cannot be written", path.display())]
    #[diagnostic(code(countersign::cli::write), help("look at the folder and at who may write there"))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Something is there that is not replaced.
    #[error("`{}` is there already and is not replaced", path.display())]
    #[diagnostic(code(countersign::cli::exists), help("choose another name, or move what is there away"))]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// A file that GLEIF did not publish so.
    #[error("`{}` is no Golden Copy of GLEIF: {reason}", path.display())]
    #[diagnostic(
        code(countersign::cli::not_a_golden_copy),
        help(
            "give the file of level 1 data as GLEIF publishes it, unpacked, JSON or CSV; in ROOT/lei also answers of the API"
        )
    )]
    NotAGoldenCopy {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A rule book without a time that the watch counts by.
    #[error("the rule book has no parameter `{name}` of the type that the watch needs")]
    #[diagnostic(
        code(countersign::cli::no_parameter),
        help("declare it in the policies, as the embedded rule book does: the clocks of the watch run by it")
    )]
    NoParameter {
        /// The parameter.
        name: String,
    },
    /// A secret that is not there.
    #[error("{source_} holds no secret for the webhook")]
    #[diagnostic(
        code(countersign::cli::no_secret),
        help("set the variable, or open the descriptor, for this process; without an option nothing is signed")
    )]
    NoSecret {
        /// Where it should be.
        source_: String,
    },
    /// A secret of which nobody says where it ends.
    #[error("file descriptor {number} has more than {limit} bytes for the secret of the webhook")]
    #[diagnostic(
        code(countersign::cli::secret_too_long),
        help("open a file that holds the secret and nothing else; 32 random bytes as text are enough")
    )]
    SecretTooLong {
        /// The descriptor.
        number: u32,
        /// The limit.
        limit: u64,
    },
    /// The system does not let the command listen to signals.
    #[error("the command cannot listen to Ctrl-C and SIGTERM")]
    #[diagnostic(code(countersign::cli::signals), help("run it where signals can be handled"))]
    Signals {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Somebody asked the run to end.
    #[error("the run was stopped before it was done")]
    #[diagnostic(code(countersign::cli::stopped), help("run it again: it goes on where it was stopped"))]
    Stopped,
    /// A report into the evidence it is about.
    #[error("`{}` lies inside the case", path.display())]
    #[diagnostic(
        code(countersign::cli::output_in_case),
        help("a file that the manifest does not list would make the bundle fail; write the report elsewhere")
    )]
    OutputInCase {
        /// The path.
        path: PathBuf,
    },
    /// Two outputs with one name.
    #[error("`{}` is named for two outputs", path.display())]
    #[diagnostic(code(countersign::cli::report_twice), help("give each report a file of its own"))]
    ReportTwice {
        /// The path.
        path: PathBuf,
    },
    /// A report of several cases into one file.
    #[error("`{}` would be written once for each case", path.display())]
    #[diagnostic(
        code(countersign::cli::report_for_one),
        help("put `{{case}}` into the name of the file: the name of the case takes its place")
    )]
    ReportForOne {
        /// The path.
        path: PathBuf,
    },
    /// An option that is about a credential.
    #[error("`{option}` is for a report of `credential verify`, and this one is of a case")]
    #[diagnostic(
        code(countersign::cli::for_a_credential),
        help("name the trust file of the installation with `--trust`")
    )]
    ForACredential {
        /// As it is written.
        option: &'static str,
    },
    /// An option that is about one case.
    #[error("`{option}` is for one case")]
    #[diagnostic(code(countersign::cli::for_one_case), help("name one case, without `--changed-since`"))]
    ForOneCase {
        /// As it is written.
        option: &'static str,
    },
    /// git does not answer.
    #[error("git cannot tell what changed: {says}")]
    #[diagnostic(
        code(countersign::cli::git),
        help(
            "run it in the repository of the cases, with git installed and the revision fetched; CI often fetches one commit only"
        )
    )]
    Git {
        /// What it says.
        says: String,
    },
    /// A case elsewhere.
    #[error("`{}` is not in the repository `{}`", path.display(), top.display())]
    #[diagnostic(
        code(countersign::cli::outside_repository),
        help("name cases of this repository, or leave out `--changed-since`")
    )]
    OutsideRepository {
        /// The case.
        path: PathBuf,
        /// The repository.
        top: PathBuf,
    },
    /// A file that is no report, or is damaged.
    #[error("`{}` is no report: {reason}", path.display())]
    #[diagnostic(
        code(countersign::cli::not_a_report),
        help("give the JSON as `countersign check --report json=FILE` wrote it, byte for byte")
    )]
    NotAReport {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A settings file that came with the case.
    #[error("the settings file `{}` lies in the case", path.display())]
    #[diagnostic(
        code(countersign::cli::settings_in_case),
        help(
            "settings say whom this installation trusts, and never come with a case: run the command from another \
             folder, or name the installation's own file with `--config`"
        )
    )]
    SettingsInCase {
        /// The file.
        path: PathBuf,
    },
    /// No trust file anywhere.
    #[error("no trust file is given")]
    #[diagnostic(
        code(countersign::cli::no_trust),
        help(
            "name it with `--trust FILE` or as `trust` in countersign.toml; `countersign trust init` makes one. \
             It says which root, GEDA, QVI and officers this installation trusts, and is never taken from a bundle"
        )
    )]
    NoTrust,
    /// Nobody to answer for a record.
    #[error("nobody is named who fetches the record")]
    #[diagnostic(
        code(countersign::cli::no_person),
        help("name the QAR with `--by PERSON`, or as `person` in countersign.toml")
    )]
    NoPerson,
    /// Nothing to save into.
    #[error("`{}` has no manifest that names the case", path.display())]
    #[diagnostic(code(countersign::cli::no_manifest), help("lay the case out first: `countersign bundle new`"))]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// A case without a name.
    #[error("the case has no id")]
    #[diagnostic(code(countersign::cli::no_case_id), help("give it one with `--id ID`"))]
    NoCaseId,
    /// A flow that the rule book does not have.
    #[error("there is no flow `{flow}`")]
    #[diagnostic(code(countersign::cli::unknown_flow), help("flows: {}", known.join(", ")))]
    UnknownFlow {
        /// As given.
        flow: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A pack that nothing is in.
    #[error("there is no pack `{pack}`")]
    #[diagnostic(code(countersign::cli::unknown_pack), help("packs: {}", known.join(", ")))]
    UnknownPack {
        /// As given.
        pack: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A folder of policies without any.
    #[error("there is no policy in `{}`", path.display())]
    #[diagnostic(
        code(countersign::cli::no_policies),
        help("policies are `*.yaml` files; docs/language.md describes them")
    )]
    NoPolicies {
        /// The folder.
        path: PathBuf,
    },
    /// A folder below more folders than policies need.
    #[error("the folder `{}` lies more than {limit} folders below the policies", path.display())]
    #[diagnostic(code(countersign::cli::folder_too_deep), help("give the folder of the policies alone"))]
    FolderTooDeep {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A folder with more files than policies need.
    #[error("`{}` holds more than {limit} policy files", path.display())]
    #[diagnostic(code(countersign::cli::too_many_files), help("give the folder of the policies alone"))]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// The limit.
        limit: usize,
    },
    /// A file that is no text.
    #[error("`{}` is not UTF-8", path.display())]
    #[diagnostic(code(countersign::cli::not_text), help("save it as UTF-8"))]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// A file or an answer that is no official credential schema.
    #[error("`{name}` is no official credential schema")]
    #[diagnostic(
        code(countersign::cli::not_a_schema),
        help(
            "fetch it again with `countersign schema pull`, byte for byte; what is no schema is neither kept nor used"
        )
    )]
    NotASchema {
        /// The file, or the URL that answered.
        name: String,
        /// Why.
        source: NotASchema,
    },
    /// A server that gave another schema than the one that was asked for.
    #[error("`{url}` answered with schema `{got}`, and `{asked}` was asked for")]
    #[diagnostic(code(countersign::cli::another_schema), help("do not use this host; nothing was saved"))]
    AnotherSchema {
        /// The URL.
        url: String,
        /// What was asked for.
        asked: Said,
        /// What came.
        got: Said,
    },
    /// A server that did not give the schema.
    #[error("`{url}` answered with status {status}")]
    #[diagnostic(code(countersign::cli::schema_status), help("look at the address and the SAID; nothing was saved"))]
    SchemaStatus {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
    },
    /// Nowhere to keep schemas.
    #[error("no folder of credential schemas is given")]
    #[diagnostic(
        code(countersign::cli::no_schemas),
        help("name it with `--schemas DIR` or as `schemas` in countersign.toml")
    )]
    NoSchemas,
    /// Nobody to fetch schemas from.
    #[error("no host of credential schemas is given")]
    #[diagnostic(
        code(countersign::cli::no_schema_host),
        help("name it with `--from URL` or as `schema_host` in countersign.toml; `URL/oobi/SAID` is fetched")
    )]
    NoSchemaHost,
    /// Bytes that are no CESR stream.
    #[error("`{}` is no CESR stream", path.display())]
    #[diagnostic(code(countersign::cli::stream), help("export the stream again, in text form, version 1"))]
    Stream {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: CesrError,
    },
    /// A stream with several credentials that could be meant.
    #[error("`{}` does not say which credential is meant", path.display())]
    #[diagnostic(code(countersign::cli::several_credentials), help("name one with `--credential SAID`"))]
    SeveralCredentials {
        /// The file.
        path: PathBuf,
        /// Which there are.
        #[source]
        source: Unclear,
    },
    /// A fixture that is not there.
    #[error("there is no fixture `{name}`: `{}` is no folder", path.display())]
    #[diagnostic(code(countersign::cli::no_fixture), help("give the folder that holds `cases/` with `--fixtures DIR`"))]
    NoFixture {
        /// Its name.
        name: String,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A file of keys that cannot be used.
    #[error("the file of keys `{}` cannot be used: {reason}", path.display())]
    #[diagnostic(
        code(countersign::cli::keys),
        help("`keys` of a patch names a file such as fixtures/keri/b0/keys.json, relative to the patch file")
    )]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A patch that cannot be made.
    #[error("the patch `{}` cannot be made: {reason}", path.display())]
    #[diagnostic(code(countersign::cli::patch), help("docs/language.md describes the steps of a patch"))]
    Patch {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A bundle or an archive where records must be written.
    #[error("`{}` is no folder of a case", path.display())]
    #[diagnostic(
        code(countersign::cli::not_a_case),
        help("give the folder that holds `bundle/` and `decision/`; nothing can be written into an archive")
    )]
    NotACase {
        /// The path.
        path: PathBuf,
    },
    /// Evidence on which nothing is proposed.
    #[error("the evidence of `{}` is {verdict} as of {as_of}", path.display())]
    #[diagnostic(
        code(countersign::cli::evidence_not_clean),
        help("`countersign check {} --stage evidence --as-of {as_of}` shows the report", path.display())
    )]
    EvidenceNotClean {
        /// The case.
        path: PathBuf,
        /// The verdict.
        verdict: &'static str,
        /// When.
        as_of: Instant,
    },
    /// A case that nobody was assigned to.
    #[error("no QAR1 is assigned in `{}` as of {as_of}", path.display())]
    #[diagnostic(
        code(countersign::cli::no_qar1),
        help("somebody of the roster assigns QAR1 and QAR2 first: `countersign case assign {}`", path.display())
    )]
    NoQar1 {
        /// The case.
        path: PathBuf,
        /// When.
        as_of: Instant,
    },
    /// A proposal that nobody signed, and nowhere to write it.
    #[error("the proposal has no signature of QAR1, `{qar1}`")]
    #[diagnostic(
        code(countersign::cli::unsigned),
        help(
            "QAR1 signs with `--sign`; or write the parts with `--out DIR`, sign the bytes of `anchor.json`, and bring the \
             signature with `--signature FILE`"
        )
    )]
    Unsigned {
        /// Who.
        qar1: String,
    },
    /// A second proposal.
    #[error("the case has a proposal: `{}`", path.display())]
    #[diagnostic(
        code(countersign::cli::proposed),
        help("a case has one proposal; take it and everything after it back before you make another")
    )]
    Proposed {
        /// The record.
        path: PathBuf,
    },
    /// A file that is no signature.
    #[error("`{}` is no indexed signature", path.display())]
    #[diagnostic(
        code(countersign::cli::signature),
        help("an Ed25519 signature in CESR text is expected: 88 characters, with `-AAB` in front or not")
    )]
    Signature {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// Nothing of that name.
    #[error("there is no rule and no error code `{what}`")]
    #[diagnostic(
        code(countersign::cli::nothing_to_explain),
        help("{}", nearest.as_ref().map_or("`countersign policy matrix` lists the rules, docs/errors.md the codes".to_owned(), |nearest| format!("did you mean `{nearest}`?")))
    )]
    NothingToExplain {
        /// As given.
        what: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// Files that differ from their canonical form.
    #[error("{} not in canonical form", if *files == 1 { "1 file is".to_owned() } else { format!("{files} files are") })]
    #[diagnostic(code(countersign::cli::not_formatted), help("run `countersign policy fmt`"))]
    NotFormatted {
        /// How many.
        files: usize,
    },
    /// Policies with problems.
    #[error("the policies have {}", if problems.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", problems.len()) })]
    #[diagnostic(code(countersign::cli::policies))]
    Policies {
        /// All of them.
        problems: Vec<PolicyProblem>,
    },
    /// A document or rule that cannot be begun.
    #[error(transparent)]
    #[diagnostic(transparent)]
    New(#[from] NewError),
    /// No folder of keys anywhere.
    #[error("no folder of keys is given")]
    #[diagnostic(code(countersign::cli::no_keys), help("name it with `--keys DIR` or as `keys` in countersign.toml"))]
    NoKeys,
    /// A folder without keys.
    #[error("there are no keys and no signers here")]
    #[diagnostic(
        code(countersign::cli::empty_keystore),
        help("nothing was reserved or signed; import the keys of QAR2 with `countersign keys import`")
    )]
    EmptyKeystore,
    /// QAR2's own log.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotAnchored(#[from] crate::gate::NotAnchored),
    /// QAR2's own log, as it is given.
    #[error("the decision cannot be sealed: {reason}")]
    #[diagnostic(
        code(countersign::cli::no_own_log),
        help("nothing was signed; give the whole log of QAR2 with `--live`, or leave out `--anchor-decision`")
    )]
    NoOwnLog {
        /// Why.
        reason: String,
    },
    /// QAR1's signature.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotToPropose(#[from] crate::gate::NotToPropose),
    /// A case that is closed too early, or again.
    #[error("the case is {phase}, and only a signed one is closed")]
    #[diagnostic(code(countersign::cli::not_to_close), help("`countersign case show CASE` says who must do what next"))]
    NotToClose {
        /// Where it stands.
        phase: &'static str,
    },
    /// A file that holds no decision.
    #[error("`{}` holds no decision of the gate in its envelope", path.display())]
    #[diagnostic(code(countersign::cli::not_a_decision), help("`countersign sign` writes one: `decision.dsse.json`"))]
    NotADecision {
        /// The file.
        path: PathBuf,
    },
    /// Two for one name.
    #[error("`{name}` is the name of keys and of a signer of countersign.toml")]
    #[diagnostic(code(countersign::cli::two_signers), help("give one of them another name"))]
    TwoSigners {
        /// The name.
        name: String,
    },
    /// A signer that the settings do not describe.
    #[error("the signer `{name}` of the settings cannot be used: {reason}")]
    #[diagnostic(code(countersign::cli::signer_setting), help("schemas/config.schema.json says what a signer needs"))]
    SignerSetting {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// No ledger anywhere.
    #[error("no ledger is given")]
    #[diagnostic(
        code(countersign::cli::no_ledger),
        help("name it with `--ledger FILE` or as `ledger` in countersign.toml")
    )]
    NoLedger,
    /// No store anywhere.
    #[error("no store is given")]
    #[diagnostic(
        code(countersign::cli::no_store),
        help("name it with `--store FILE` or as `store` in countersign.toml")
    )]
    NoStore,
    /// No policy lock anywhere.
    #[error("no policy lock is given")]
    #[diagnostic(
        code(countersign::cli::no_lock),
        help("name the file, or set `lock` in countersign.toml; `countersign lock new` makes one")
    )]
    NoLock,
    /// Nowhere to write the next trust file.
    #[error("no file is given for the next trust file")]
    #[diagnostic(
        code(countersign::cli::no_next),
        help("a new ledger has another first row, which the trust file must name: give a file with `--next FILE`")
    )]
    NoNext,
    /// Nobody who acts.
    #[error("nobody is named who acts")]
    #[diagnostic(
        code(countersign::cli::nobody_acts),
        help("name the person with `--by PERSON`, or as `person` in countersign.toml")
    )]
    NobodyActs,
    /// No keys of the person who acts.
    #[error("the folder of keys has none of the identifier of `{person}`")]
    #[diagnostic(
        code(countersign::cli::no_keys_of),
        help("`countersign keys list` shows whose keys are here; `--sign-with NAME` names others")
    )]
    NoKeysOf {
        /// Who.
        person: String,
    },
    /// Nobody to ask.
    #[error("there is no terminal to ask at")]
    #[diagnostic(code(countersign::cli::no_terminal), help("give `{option}`; nothing was signed"))]
    NoTerminal {
        /// What answers the question instead.
        option: &'static str,
    },
    /// A no.
    #[error("it was not confirmed")]
    #[diagnostic(code(countersign::cli::not_confirmed), help("nothing was signed, and nothing was written"))]
    NotConfirmed,
    /// Nobody to ask.
    #[error("there is no terminal to ask for a passphrase")]
    #[diagnostic(
        code(countersign::cli::no_passphrase),
        help(
            "give it with `--passphrase-fd NUMBER` or in COUNTERSIGN_PASSPHRASE; the command line is never read for it"
        )
    )]
    NoPassphrase {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A passphrase that cannot be read.
    #[error("the passphrase cannot be read: {reason}")]
    #[diagnostic(
        code(countersign::cli::passphrase_unreadable),
        help("the first line of the descriptor is the passphrase: `--passphrase-fd 3 3< FILE`")
    )]
    PassphraseUnreadable {
        /// Why.
        reason: String,
    },
    /// Two answers.
    #[error("the two passphrases differ")]
    #[diagnostic(code(countersign::cli::passphrase_differs), help("no keys were made; try again"))]
    PassphraseDiffers,
    /// Keys of an identifier that began elsewhere.
    #[error("the identifier of the keys `{name}` did not begin here")]
    #[diagnostic(
        code(countersign::cli::no_inception),
        help("its inception is in its key event log; get the log from who made the identifier")
    )]
    NoInception {
        /// The keys.
        name: String,
    },
    /// An act that is refused.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Case(#[from] CaseError),
    /// A run that cannot be made as asked.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Check(#[from] CheckError),
    /// Evidence that does not prove what is to be signed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Unproven(#[from] Unproven),
    /// Files that are no proposal.
    #[error(transparent)]
    #[diagnostic(transparent)]
    NotAProposal(#[from] NotAProposal),
    /// A proposal that cannot be compared.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Incomparable(#[from] Incomparable),
    /// A proposal whose signatures are not what they must be.
    #[error(transparent)]
    #[diagnostic(transparent)]
    SignatureRefused(#[from] SignatureRefused),
    /// A trust file that cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Trust(#[from] TrustError),
    /// A policy lock that is not in force.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Lock(#[from] LockError),
    /// A watch that cannot run.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Monitor(#[from] MonitorError),
    /// State that does not fit, or is not recovered.
    #[error(transparent)]
    #[diagnostic(transparent)]
    State(#[from] StateError),
    /// A signature that was not made, or not given out.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Sign(#[from] SignError),
    /// A bundle that was not changed.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Author(#[from] AuthorError),
    /// No such path, or no bundle in it.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Bundle(#[from] BundleError),
    /// No answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Fetch(#[from] FetchError),
    /// An answer that is no evidence.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Gleif(#[from] GleifError),
    /// Keys that cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Keystore(#[from] KeystoreError),
    /// No signature.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Signer(#[from] SignerError),
    /// An audit that cannot be run.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Audit(#[from] AuditError),
    /// A ledger that cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),
    /// A store that cannot be used.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// A year of practice that cannot be made.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Year(#[from] YearError),
}
