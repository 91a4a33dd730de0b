//! The one orchestrator: a snapshot, the installation's trust and an instant become a report.
//!
//! In: a rule book, the bytes of a case, the trust file, earlier cases, and what the run is asked.
//! Out: a [`Report`]; nothing else makes one. Or a [`CheckError`]: the run could not be made. What is
//! wrong with the evidence is never an error here, it is in the report. This module must not know
//! argv, files, sockets or clocks.

pub mod cases;
mod cores;
pub mod credential;
pub mod equivalents;
pub mod error;
mod exhibits;
pub mod fresh;
mod known;
pub mod mutants;
mod own_log;
mod parameter;
pub mod patch;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bumpalo::Bump;

use crate::bundle::author::{self, Holding};
use crate::bundle::place::printable;
use crate::bundle::{Area, Form, Problem, Snapshot};
use crate::case;
use crate::collect::{self, Keri, RunFacts};
use crate::compile::program::{Parameter, ParameterId, ParameterValue, Profile, Program, RuleIndex, Stage};
use crate::evaluate::outcome::FailOn;
use crate::evaluate::{
    Coverage, Inputs, Question, Row, Selection, Signing, evaluate_covered, evaluate_side_by_side, push_row,
    push_tables, select,
};
use crate::facts::Facts;
use crate::facts::schema::{FactSchema, KindClass, KindId};
use crate::keri::schema::Library;
use crate::keri::signature::Memory;
use crate::meter::{Work, during};
use crate::primitives::{Instant, Sha256};
use crate::proposal::Sources;
use crate::report::document::{ReportDocument, Run};
use crate::report::{Parts, Report, assemble};
use crate::trust::Trust;

pub(crate) use cores::{each_on_all_cores, on_all_cores};
pub use error::CheckError;
use exhibits::Read;
pub use fresh::Fresh;
pub use known::known;
pub use own_log::{OwnLog, own_log};

/// The profile where none is named.
pub const DEFAULT_PROFILE: &str = "house";

/// What a run is asked.
#[derive(Debug, Clone)]
pub struct Options {
    /// The instant to judge for.
    pub as_of: Instant,
    /// The stage to decide, with all earlier ones.
    pub stage: Stage,
    /// Flows beside the one that the manifest claims.
    pub flows: Vec<String>,
    /// The profile.
    pub profile: String,
    /// Parameters to set, as written.
    pub set: Vec<(String, String)>,
    /// Which verdicts fail the command; recorded only.
    pub fail_on: FailOn,
    /// Official credential schemas, each verified by its digest, where they are at hand.
    pub schemas: Option<Arc<Library>>,
    /// Signatures that held in other cases of the same run; none: this is the only one.
    pub memory: Option<Arc<Memory>>,
}

/// Checks a case.
///
/// # Errors
/// The run cannot be made as asked: an unknown profile, flow or parameter, a value of another type, or
/// no rule at all to decide.
pub fn check(
    program: &Program,
    snapshot: &Snapshot,
    trust: &Trust,
    cases: Option<&Path>,
    options: &Options,
) -> Result<Report, CheckError> {
    // What is proposed is rebuilt from the same streams, and no signature is verified twice.
    let memory = options.memory.clone().unwrap_or_default();
    let remembering = Options { memory: Some(Arc::clone(&memory)), ..options.clone() };
    prepared(program, snapshot, trust, Beside { cases, ..Beside::NONE }, &remembering, |ready| {
        let content = content_of(program, trust, options, &ready, None);
        let read = Read { program, facts: ready.facts, snapshot: ready.snapshot };
        let sources = Sources {
            snapshot: ready.snapshot,
            trust,
            as_of: options.as_of,
            live: &[],
            schemas: options.schemas.as_deref(),
            memory: Some(&memory),
        };
        Report::seal(content, exhibits::of_case(read, &sources, reads_keri(program)))
    })
}

/// What [`check`] finds, for who reads it as text only: without digests, and without what is shown beside findings.
///
/// # Errors
/// As [`check`].
pub fn content(
    program: &Program,
    snapshot: &Snapshot,
    trust: &Trust,
    cases: Option<&Path>,
    options: &Options,
) -> Result<ReportDocument, CheckError> {
    prepared(program, snapshot, trust, Beside { cases, ..Beside::NONE }, options, |ready| {
        content_of(program, trust, options, &ready, None)
    })
}

/// As [`content()`], of a case that was signed earlier, by the rules of that day: the run says when that was.
///
/// # Errors
/// As [`check`].
pub fn content_signed(
    program: &Program,
    snapshot: &Snapshot,
    trust: &Trust,
    cases: Option<&Path>,
    options: &Options,
    signed_at: Instant,
) -> Result<ReportDocument, CheckError> {
    let beside = Beside { cases, signing: Signing::At(signed_at), ..Beside::NONE };
    prepared(program, snapshot, trust, beside, options, |ready| content_of(program, trust, options, &ready, None))
}

/// The trust file as it stands for a case: an auditor may know several QVIs; whose case it is says its manifest, and
/// whether that is believed, the file.
pub fn trust_for<'t>(snapshot: &Snapshot, trust: &'t Trust) -> Cow<'t, Trust> {
    trust.of_case(snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("qvi_aid")))
}

/// What a run reads beside the case and the trust file.
#[derive(Clone, Copy)]
struct Beside<'b> {
    /// Folder of earlier cases, for references.
    cases: Option<&'b Path>,
    /// Rows that tables have beside their own: in tests of policies.
    rows: &'b [(KindId, Row)],
    /// When it was signed.
    signing: Signing,
}

impl Beside<'_> {
    const NONE: Self = Self { cases: None, rows: &[], signing: Signing::NotYet };
}

/// What a run that is ready finds.
fn content_of(
    program: &Program,
    trust: &Trust,
    options: &Options,
    ready: &Ready<'_, '_>,
    coverage: Option<&Coverage>,
) -> ReportDocument {
    // Several cases at once take a thread each; the only one may take two.
    let evaluation = match (coverage, &options.memory) {
        (None, None) => evaluate_side_by_side(program, ready.facts, &ready.inputs),
        (coverage, _) => evaluate_covered(program, ready.facts, &ready.inputs, coverage),
    };
    let needs = needs(program, ready.flows, ready.snapshot.form(), options.stage);
    let top = |name| ready.snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text(name));
    let run = Run {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        as_of: options.as_of,
        signed_at: match ready.inputs.signing {
            Signing::At(instant) => Some(instant),
            Signing::NotYet | Signing::Unknown => None,
        },
        stage: options.stage,
        flows: ready.flows.to_vec(),
        profile: ready.inputs.profile.id.clone(),
        packs: ready.inputs.selection.packs.clone(),
        fail_on: options.fail_on,
        bundle_id: top("bundle_id").unwrap_or_default().to_owned(),
        bundle: ready.snapshot.digest(),
        lei: top("lei").map(str::to_owned),
        policy: program.digest,
        trust: trust.digest,
        parameters: parameter::entries(program, ready.inputs.profile, ready.inputs.parameters),
    };
    let parts = Parts {
        program,
        evaluation: &evaluation,
        facts: ready.facts,
        snapshot: ready.snapshot,
        waivers: ready.inputs.waivers,
        needs: &needs,
    };
    assemble(parts, run)
}

/// A run that only has to be judged.
struct Ready<'r, 'f> {
    /// The case, as the stage sees it.
    snapshot: &'r Snapshot,
    facts: &'r Facts<'f>,
    inputs: Inputs<'r>,
    flows: &'r [String],
}

/// Makes a run ready: which rules are due, and what is known of the case.
///
/// # Errors
/// As [`check`].
fn prepared<T>(
    program: &Program,
    snapshot: &Snapshot,
    trust: &Trust,
    beside: Beside<'_>,
    options: &Options,
    judge: impl FnOnce(Ready<'_, '_>) -> T,
) -> Result<T, CheckError> {
    // What was sealed after the signing belongs to closing; before it, the case is judged as it stood then.
    let earlier = (options.stage < Stage::Closing && snapshot.has_post()).then(|| snapshot.before_closing());
    let snapshot = earlier.as_ref().unwrap_or(snapshot);
    let profile = profile(program, &options.profile)?;
    let set = parameter::assignments(program, &options.set)?;
    let claimed = snapshot.manifest(Area::Bundle).and_then(|manifest| manifest.text("flow"));
    let flows = flows(program, claimed, &options.flows)?;
    let signing = beside.signing;
    let selection = select(
        program,
        &Question {
            flows: &flows,
            packs: &common_packs(program),
            profile,
            stage: options.stage,
            as_of: options.as_of,
            signing,
        },
    );
    let selection = without_case_rules(program, snapshot.form(), selection);
    if selection.due.is_empty() {
        return Err(CheckError::NoRule { flows: flows.join(", "), stage: options.stage.as_str() });
    }

    let arena = Bump::new();
    let asked = RunFacts {
        stage: options.stage.as_str(),
        flow: flows.first().map_or("", String::as_str),
        profile: &profile.id,
        keri: reads_keri(program).then_some(Keri {
            as_of: options.as_of,
            schemas: options.schemas.as_deref(),
            memory: options.memory.as_deref(),
        }),
    };
    let (mut facts, _) = during(Work::Parse, || {
        collect::collect(snapshot, &arena, &program.schema, &program.layout, trust, &asked, beside.cases)
    });
    push_tables(program, &mut facts);
    for (table, row) in beside.rows {
        push_row(program, &mut facts, *table, row);
    }

    let waivers = case::waivers(snapshot, &program.schema);
    let inputs = Inputs {
        as_of: options.as_of,
        signing,
        selection: &selection,
        profile,
        parameters: &set,
        waivers: &waivers,
        bundle: snapshot.digest(),
    };
    Ok(during(Work::Evaluate, || judge(Ready { snapshot, facts: &facts, inputs, flows: &flows })))
}

/// Whether a rule book has this profile, these flows and these parameters: what a policy lock may name.
///
/// # Errors
/// An unknown profile, flow or parameter, a value of another type.
pub fn lockable<'p>(
    program: &'p Program,
    profile_id: &str,
    flow_ids: &[String],
    set: &[(String, String)],
) -> Result<&'p Profile, CheckError> {
    let profile = profile(program, profile_id)?;
    flows(program, None, flow_ids)?;
    parameter::assignments(program, set)?;
    Ok(profile)
}

/// The value that each parameter has in a profile, and with what was set.
///
/// # Errors
/// An unknown profile or parameter, a value of another type.
pub fn parameters(
    program: &Program,
    profile_id: &str,
    set: &[(String, String)],
) -> Result<BTreeMap<String, ParameterValue>, CheckError> {
    let profile = profile(program, profile_id)?;
    let set = parameter::assignments(program, set)?;
    let value = |(at, parameter): (usize, &Parameter)| {
        let of = |list: &[(ParameterId, ParameterValue)]| {
            list.iter().rev().find(|(id, _)| id.0 as usize == at).map(|(_, value)| value.clone())
        };
        let value = of(&set).or_else(|| of(&profile.parameters)).unwrap_or_else(|| parameter.default.clone());
        (parameter.name.clone(), value)
    };
    Ok(program.parameters.iter().enumerate().map(value).collect())
}

/// The packs of a report, each with a digest over its rules: what decides, without titles and messages.
pub fn pack_digests(program: &Program, report: &Report) -> Vec<(String, Sha256)> {
    let of_pack = |pack: &String| {
        let mut rules: Vec<String> = program
            .rules
            .of_pack(pack)
            .map(|rule| &program.rules[rule])
            .map(|rule| format!("{} {}\n", rule.id, rule.digest))
            .collect();
        rules.sort();
        (pack.clone(), Sha256::of(rules.concat().as_bytes()))
    };
    report.content().run.packs.iter().map(of_pack).collect()
}

/// Whatever is wrong with the files, manifests and records of a case; no rule is run.
pub fn problems(snapshot: &Snapshot, schema: &FactSchema) -> Vec<Problem> {
    collect::problems(snapshot, schema)
}

/// What a case holds, per kind of evidence and of case record.
pub fn holdings(snapshot: &Snapshot, schema: &FactSchema) -> Vec<Holding> {
    author::holdings(snapshot, schema, &case::sort_files(snapshot, schema).records)
}

/// The stage of a run: the one that is asked for, else the profile's.
///
/// # Errors
/// An unknown profile.
pub fn stage(program: &Program, profile_id: &str, asked: Option<Stage>) -> Result<Stage, CheckError> {
    let profile = profile(program, profile_id)?;
    Ok(asked.unwrap_or(profile.stage))
}

fn profile<'p>(program: &'p Program, id: &str) -> Result<&'p Profile, CheckError> {
    program.profiles.iter().find(|profile| profile.id == id).ok_or_else(|| CheckError::UnknownProfile {
        profile: id.to_owned(),
        known: program.profiles.iter().map(|profile| profile.id.clone()).collect(),
    })
}

/// The flow that the manifest claims, then those that were added. A claim that no rule book decides
/// would select nothing and pass everything, so it ends the run; a claim that cannot be read is a
/// finding of the rules that hold in every flow.
fn flows(program: &Program, claimed: Option<&str>, added: &[String]) -> Result<Vec<String>, CheckError> {
    let mut flows: Vec<String> = Vec::new();
    for (flow, claim) in claimed.map(|flow| (flow, true)).into_iter().chain(added.iter().map(|f| (f.as_str(), false))) {
        if !program.flows.iter().any(|known| known.id == flow) {
            let known = program.flows.iter().map(|flow| flow.id.clone()).collect();
            let flow = printable(flow);
            return Err(match claim {
                true => CheckError::UnknownClaim { flow, known },
                false => CheckError::UnknownFlow { flow, known },
            });
        }
        if !flows.iter().any(|known| known == flow) {
            flows.push(flow.to_owned());
        }
    }
    Ok(flows)
}

/// Packs that every flow has: they hold of any bundle, also of one whose manifest cannot be read.
fn common_packs(program: &Program) -> Vec<String> {
    let Some((first, others)) = program.flows.split_first() else { return Vec::new() };
    let common = first.packs.iter().filter(|pack| others.iter().all(|flow| flow.packs.contains(pack)));
    common.cloned().collect()
}

/// Whether a rule reads what streams and signatures prove; otherwise nothing of them is verified.
fn reads_keri(program: &Program) -> bool {
    let (schema, layout) = (&program.schema, &program.layout);
    let facts: Vec<KindId> = collect::KERI_KINDS.iter().filter_map(|kind| schema.kind_named(kind)).collect();
    let is_read = |kind: &crate::facts::schema::Kind| {
        let type_ = schema.struct_type(kind.record);
        let mut fields = ["signers", "signed_fully"].iter().filter_map(|name| type_.field(name));
        fields.any(|field| layout.slot(kind.record, field).is_some())
    };
    schema.kinds().iter().any(is_read)
        || program.rules.iter().any(|rule| rule.reads.iter().any(|kind| facts.contains(kind)))
}

/// With a bundle alone, what was decided about it is not there to be read: those rules are not yet due.
fn without_case_rules(program: &Program, form: Form, mut selection: Selection) -> Selection {
    match form {
        Form::Case => selection,
        Form::Bundle => {
            let credentials = program.schema.kind_named("acdc");
            let reads_case = |rule: &RuleIndex| {
                let rule = &program.rules[rule.0 as usize];
                // After the evidence it is the draft, or what was issued, that credentials are asked about.
                let reads_draft = |kind| rule.stage > Stage::Evidence && Some(kind) == credentials;
                rule.reads.iter().any(|kind| program.schema.kind(*kind).class == KindClass::Case || reads_draft(*kind))
            };
            let (case_rules, due) = selection.due.into_iter().partition(reads_case);
            selection.due = due;
            let case_rules: Vec<RuleIndex> = case_rules;
            selection.not_yet_due.extend(case_rules);
            selection.not_yet_due.sort();
            selection
        }
    }
}

/// What the flows need by a stage; of a bundle alone no case records.
fn needs(program: &Program, flows: &[String], form: Form, stage: Stage) -> Vec<(KindId, Stage)> {
    let mut needs: Vec<(KindId, Stage)> = Vec::new();
    for flow in program.flows.iter().filter(|flow| flows.contains(&flow.id)) {
        for &(kind, needed_at) in &flow.needs {
            let case_record = program.schema.kind(kind).class == KindClass::Case;
            if needed_at <= stage && !(case_record && form == Form::Bundle) && !needs.iter().any(|(of, _)| *of == kind)
            {
                needs.push((kind, needed_at));
            }
        }
    }
    needs.sort_by_key(|&(_, stage)| stage);
    needs
}
