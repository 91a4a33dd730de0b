//! countersign, as a library: a policy in YAML, a schema of the evidence, both read as those of any user are.

use std::any::Any;
use std::fs;
use std::path::Path;

use bumpalo::Bump;
use countersign::bundle::json::Numbers;
use countersign::bundle::reader::{Input, Reader};
use countersign::compile::compile;
use countersign::compile::program::{Program, Stage};
use countersign::evaluate::outcome::Outcome;
use countersign::evaluate::{Inputs, Question, Selection, Signing, evaluate, evaluate_unexplained, select};
use countersign::facts::schema::{FactSchema, KindId, SchemaFile, Type};
use countersign::facts::{Cell, CellValue, Facts, FileId};
use countersign::policy;
use countersign::primitives::Instant;
use countersign::source::{Source, Span};

use crate::contender::{Contender, Engine, bit};

/// Whether a rule that fails says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reasons {
    /// As in every report.
    Given,
    /// As where only the verdict is asked for.
    LeftOut,
}

/// A rule book: files of policies and of schemas, each with its path in its folder.
#[derive(Clone)]
pub struct Countersign {
    pub policies: Vec<(String, String)>,
    pub schemas: Vec<(String, String)>,
    /// The kind of record that a document is.
    pub kind: String,
    pub reasons: Reasons,
}

impl Countersign {
    /// The 25 rules.
    pub fn shipped(reasons: Reasons) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/countersign");
        let read = |path: &str| (path.to_owned(), fs::read_to_string(folder.join(path)).unwrap());
        let without = |folder: &str, (path, text): (String, String)| (path.replacen(folder, "", 1), text);
        let policies = ["policies/flows.yaml", "policies/issuance.yaml", "policies/profiles.yaml"].map(read);
        let schemas = ["schemas/evidence/bodies/dossier-body.json", "schemas/evidence/dossier.json"].map(read);
        Self {
            policies: policies.map(|file| without("policies/", file)).to_vec(),
            schemas: schemas.map(|file| without("schemas/", file)).to_vec(),
            kind: "dossier".to_owned(),
            reasons,
        }
    }

    /// Reads, parses and type-checks everything.
    pub fn loaded(&self) -> Loaded {
        let files = self.schemas.iter().map(|(path, text)| SchemaFile { path: path.clone(), text: text.clone() });
        let schema = FactSchema::load(&files.collect::<Vec<_>>()).unwrap_or_else(|errors| panic!("{errors:?}"));
        let files = self.policies.iter().map(|(path, text)| Source::new(path.as_str(), text.as_str()));
        let (set, problems) = policy::load(files.collect());
        assert!(problems.is_empty(), "{problems:?}");
        let program = compile(&set, schema).unwrap_or_else(|problems| panic!("{problems:?}"));
        let kind = program.schema.kind_named(&self.kind).unwrap();
        let as_of: Instant = "2027-01-01T00:00:00Z".parse().unwrap();
        let question = Question {
            flows: &[program.flows[0].id.clone()],
            packs: &[],
            profile: &program.profiles[0],
            stage: Stage::Evidence,
            as_of,
            signing: Signing::NotYet,
        };
        let selection = select(&program, &question);
        // In order of rule, so that a bit stands for the same rule whatever it is called.
        let bits = (0..program.rules.len()).map(|at| bit(&format!("R{:02}", at + 1))).collect();
        Loaded { bits, kind, as_of, selection, reasons: self.reasons, program }
    }
}

impl Contender for Countersign {
    fn name(&self) -> String {
        match self.reasons {
            Reasons::Given => "countersign".to_owned(),
            Reasons::LeftOut => "countersign, verdict alone".to_owned(),
        }
    }

    fn load(&self) -> Box<dyn Engine> {
        Box::new(self.loaded())
    }
}

/// A compiled rule book, and what is asked of it.
pub struct Loaded {
    program: Program,
    kind: KindId,
    selection: Selection,
    as_of: Instant,
    reasons: Reasons,
    bits: Vec<u32>,
}

impl Loaded {
    /// One pass over the text: strict JSON, every field checked, those that rules read stored.
    fn facts<'a>(&self, text: &'a str, arena: &'a Bump) -> Facts<'a> {
        let (schema, layout) = (&self.program.schema, &self.program.layout);
        let mut facts = Facts::new(schema);
        let kind = schema.kind(self.kind);
        let body = kind.attached[0].field;
        let Type::Record(type_id) = schema.struct_type(kind.record).fields[body as usize].shape.type_ else {
            panic!("a body is an object");
        };
        let (path, numbers) = ("dossier.json", Numbers::Text);
        let input = Input { file: FileId(0), path, bytes: text.as_bytes(), type_id, numbers };
        let node = Reader::new(schema, layout).read(&mut facts, arena, input).unwrap().node;
        let record = facts.push_node(kind.record, layout.width(kind.record), None, Span::default());
        let slot = layout.slot(kind.record, body).unwrap();
        facts.set(record, slot, Cell { value: CellValue::Record(node), span: Span::default() });
        facts.population_mut(self.kind).members.push(record);
        facts
    }

    fn inputs(&self) -> Inputs<'_> {
        Inputs {
            as_of: self.as_of,
            signing: Signing::NotYet,
            selection: &self.selection,
            profile: &self.program.profiles[0],
            parameters: &[],
            waivers: &[],
            bundle: None,
        }
    }

    /// The rules that did not pass.
    fn judge(&self, facts: &Facts<'_>) -> u32 {
        let evaluation = match self.reasons {
            Reasons::Given => evaluate(&self.program, facts, &self.inputs()),
            Reasons::LeftOut => evaluate_unexplained(&self.program, facts, &self.inputs(), None),
        };
        let failed = evaluation.results.iter().filter(|result| result.outcome != Outcome::Pass);
        failed.fold(0, |mask, result| mask | self.bits[result.rule.0 as usize])
    }
}

impl Engine for Loaded {
    fn parse(&mut self, text: &'static str) -> Box<dyn Any> {
        // Facts borrow from the arena, and both must outlive the call: it is not freed. Nothing is put into it
        // unless a text has escapes.
        Box::new(self.facts(text, Box::leak(Box::new(Bump::new()))))
    }

    fn eval(&mut self, document: &mut dyn Any) -> u32 {
        self.judge(document.downcast_ref::<Facts<'static>>().unwrap())
    }

    fn verdict(&mut self, text: &'static str) -> u32 {
        let arena = Bump::new();
        self.judge(&self.facts(text, &arena))
    }
}
