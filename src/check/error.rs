//! Why a run could not be made. What is wrong with evidence is never among them.

use miette::Diagnostic;
use thiserror::Error;

/// A run that cannot be made as asked.
#[derive(Debug, Error, Diagnostic)]
pub enum CheckError {
    /// A profile that the rule book does not have.
    #[error("there is no profile `{profile}`")]
    #[diagnostic(code(countersign::check::unknown_profile), help("profiles: {}", known.join(", ")))]
    UnknownProfile {
        /// As given.
        profile: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A pack that the rule book does not have.
    #[error("the rule book has no pack `{pack}`, and chains are judged by it")]
    #[diagnostic(code(countersign::check::no_pack), help("use the shipped rule book, or add the pack"))]
    NoPack {
        /// Its name.
        pack: String,
    },
    /// A flow that the rule book does not have.
    #[error("there is no flow `{flow}`")]
    #[diagnostic(code(countersign::check::unknown_flow), help("flows: {}", known.join(", ")))]
    UnknownFlow {
        /// As given.
        flow: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A manifest that claims a flow that the rule book does not have.
    #[error("the manifest claims the flow `{flow}`, which no policy decides")]
    #[diagnostic(code(countersign::check::unknown_claim), help("flows: {}", known.join(", ")))]
    UnknownClaim {
        /// As the manifest says.
        flow: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A parameter that the rule book does not have.
    #[error("there is no parameter `{name}`")]
    #[diagnostic(code(countersign::check::unknown_parameter), help("{help}"))]
    UnknownParameter {
        /// As given.
        name: String,
        /// What was probably meant, or what there is.
        help: String,
    },
    /// A value that the parameter cannot have.
    #[error("`{value}` is no value for the parameter `{name}`")]
    #[diagnostic(code(countersign::check::parameter_value), help("{expected}"))]
    ParameterValue {
        /// The parameter.
        name: String,
        /// As given.
        value: String,
        /// What is expected.
        expected: String,
    },
    /// The same parameter twice.
    #[error("the parameter `{name}` is set twice")]
    #[diagnostic(code(countersign::check::parameter_twice), help("set it once"))]
    ParameterTwice {
        /// The parameter.
        name: String,
    },
    /// Nothing to decide.
    #[error("no rule is due for {flows} at stage {stage}")]
    #[diagnostic(
        code(countersign::check::no_rule),
        help("a run that decides nothing would be clean; look at `countersign policy matrix` and at the profile")
    )]
    NoRule {
        /// The flows, for a sentence.
        flows: String,
        /// The stage.
        stage: &'static str,
    },
}
