//! The stable codes of what `compile` refuses, each with the paragraph that `explain` prints.

/// A code: its name in diagnostics, a title, and an explanation in one paragraph.
pub type CodeRow = (&'static str, &'static str, &'static str);

macro_rules! codes {
    ($($name:ident = $text:literal, $title:literal, $explanation:literal;)+) => {
        /// What can be wrong with a set of policies that could be parsed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// As diagnostics print it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => concat!("countersign::compile::", $text),)+
                }
            }
        }

        const ROWS: &[CodeRow] = &[$((concat!("countersign::compile::", $text), $title, $explanation),)+];
    };
}

/// Every code of this module, in alphabetical order.
pub fn codes() -> &'static [CodeRow] {
    ROWS
}

codes! {
    AttestedWithoutFact = "attested_without_fact", "an attestation that no fact can give",
        "`attested` asks for a signed human statement, which is a fact of the case; an expression that reads no fact cannot find one, and would be decided once and for all. Read the statement, for instance `exists a in case_attestations where a.topic == \"…\"`.";
    BadPattern = "bad_pattern", "a pattern that is not a regular expression",
        "Patterns are compiled when the policy is loaded, in the syntax of Rust's regex crate: no look-around and no back references, so that matching takes linear time on any text. The pattern is matched against the whole text; `^` and `$` are not needed.";
    ClockNotCompared = "clock_not_compared", "`as_of` or `t_sign` where no comparison is",
        "A report says until when it holds. That can be computed only where a clock stands as a side of a comparison (alone, plus or minus a duration or days, or minus an instant), as an argument of `days_between`, or as the end of `within`. Move the clock to one side: `as_of <= t + 168h`.";
    CountNotCompared = "count_not_compared", "a count that is not compared",
        "With unknown elements a count is an interval, not a number: it can be compared with an integer, which is known when both ends agree, and it can be printed in a message. Sums, ranges and arguments of definitions cannot hold an interval.";
    CyclicDefinition = "cyclic_definition", "definitions that refer to themselves",
        "Definitions are put in where they are used, so one that leads back to itself would never end. The message names the circle; cut it at one of its members.";
    CyclicRule = "cyclic_rule", "rules that refer to themselves",
        "`same_as` and `all_of` are followed until rules with expressions are reached; a circle has none. The message names the circle; cut it at one of its members.";
    DisjointEnums = "disjoint_enums", "two enumerations without a common value",
        "Both fields take their values from closed sets, and no value is in both: the comparison could never be true. One of the two is most likely another field than was meant.";
    DuplicateDefinition = "duplicate_definition", "a definition whose name is taken",
        "The definitions of definitions.yaml are visible in every file, so no file can define the same name again; a reader would not know which of the two is meant.";
    EmptyList = "empty_list", "an empty list whose type is not known",
        "A list literal takes its type from its elements or from what it is compared with; `[]` on its own has neither.";
    HelpNotFilled = "help_not_filled", "a help with something to fill in",
        "Only messages are filled in: what stands in braces in a `message` is an expression, while a `help` is one text for every case and is printed as it stands. Say what to do in words (`the person whom performed_by names`), and name the values in the message.";
    InvalidValue = "invalid_value", "a value that is not of its declared type",
        "A parameter's default, its value in a profile, and the cells of a table are literals of the declared type: `168h` for a duration, `30 days` for days, a list for `list of T`.";
    ListOnly = "list_only", "a fact that is read as a list",
        "Rows of tables and derived facts of population `list` have no single member: name the list, and say which element is meant, for instance with `exists x in file_checks where …` or `the(x in file_checks where …)`.";
    MalformedLiteral = "malformed_literal", "a literal that can never be equal to a value",
        "A text literal takes the type it is compared with. A LEI has 20 characters with check digits, AIDs and SAIDs 44, a sha256 64 lower-case hexadecimal digits: a literal of another form would make the comparison false for ever.";
    MixedList = "mixed_list", "a list whose elements have different types",
        "All elements of a list have one type, so that every element can be compared with the same things.";
    NeedsTag = "needs_tag", "a field that only some elements have",
        "The schema says which fields an element with each tag has. Reading one of them makes sense only where the tag is known: after `where x.type == \"…\"`, or to the right of `x.type == \"…\" and`.";
    NoFact = "no_fact", "a `require` that reads no fact",
        "A condition on constants, parameters and the clock says nothing about the case: it passes or fails for everybody. Such a rule is most often a rule whose condition was lost.";
    NotAList = "not_a_list", "something that is no list where a collection is expected",
        "Quantifiers, aggregates, `in` and the set operators work on lists: all records of a kind (`lei_records`), a list field (`lar_designation.lars`), or `[… for x in …]`.";
    NotAPath = "not_a_path", "something that is no field where a path is expected",
        "`has`, `??` and the end of `within` ask whether the last step of a path is there, so their operand ends in a field: `has m.valid_to`.";
    NotARecord = "not_a_record", "a field of something that has no fields",
        "Only objects have fields. Of a list, name an element first: `every l in lar_designation.lars satisfies l.aid == …`.";
    NotInEnum = "not_in_enum", "a text that is not a value of the enumeration",
        "The field takes its values from a set that its schema lists; a text outside the set would make the comparison false for ever.";
    NotOrdered = "not_ordered", "an order that is not defined",
        "`<` and its kin, `latest`, `earliest`, `min` and `max` need an order: integers, instants, dates, durations and days have one. Months do not, because they differ in length. `before` and `after` compare instants and dates.";
    NotPrintable = "not_printable", "an object in a message",
        "A message is one line: it can hold single values and lists of them. Of an object, name the field that identifies it, such as `{r.path}`.";
    PackWithoutFlow = "pack_without_flow", "a pack that no flow runs",
        "policies/flows.yaml says which packs decide which flow. A rule whose pack no flow names would never run, and a report without it would look clean.";
    ShadowedName = "shadowed_name", "a name that already means something else",
        "Nothing may shadow anything: a bound variable, an argument, a definition, a parameter and a table have names that are no fact, parameter, definition or function, and that are not bound around them. So a reader never has to ask which one is meant.";
    TooDeep = "too_deep", "an expression that is nested too deeply",
        "After definitions are put in, an expression has at most 256 levels, so that no walk over it can exhaust the stack. Split it, or shorten the chain of definitions.";
    TooLarge = "too_large", "an expression with too many operations",
        "After definitions are put in, an expression has at most 20,000 operations. Definitions that use others twice grow quickly; bind a value once as an argument of a definition instead.";
    TypeMismatch = "type_mismatch", "a value of another type than is needed",
        "There are no conversions: the two sides of a comparison and the elements of two lists have one type, conditions are bool, arguments have the types of the signature. Only a text literal takes the type it is compared with, and an enumeration is a text.";
    UnknownDocument = "unknown_document", "a document that is not there",
        "The name is none of the `document` ids of the policy files.";
    UnknownField = "unknown_field", "a field that the schema does not have",
        "Every field that a rule can read is declared in schemas/; reading any other would be unknown for ever.";
    UnknownFunction = "unknown_function", "a function or definition that is not there",
        "Functions are those of docs/language.md; definitions are those of the same file and of definitions.yaml.";
    UnknownKind = "unknown_kind", "a kind of record that is not there",
        "A kind is the name of a schema file in schemas/evidence or schemas/case, written with hyphens.";
    UnknownName = "unknown_name", "a name that means nothing here",
        "A name is a bound variable, a fact or list of facts, a parameter, a definition of the same file or of definitions.yaml, `as_of` or `t_sign`.";
    UnknownPack = "unknown_pack", "a pack that has no rules",
        "A pack is what rules and pending requirements say they are in, under `packs` and `pack`. A flow that runs a pack which nothing is in would leave out the rules that were meant, and a report without them would look clean.";
    UnknownParameter = "unknown_parameter", "a parameter that is not declared",
        "Profiles and `--set` change parameters that a policy file declares under `parameters`.";
    UnknownRule = "unknown_rule", "a rule that is not there",
        "`same_as`, `all_of` and the levels of profiles name rules by their ids.";
    UnknownType = "unknown_type", "a type that is not there",
        "Types are bool, int, text, instant, date, duration, days, months, lei, aid, said, sha256, person, threshold, decimal, `list of T`, the singular name of a kind (`lei_record`), and `item of PATH` for the elements of a list of objects. Parameters and columns hold single values and lists of them.";
    WrongNumberOfArguments = "wrong_number_of_arguments", "a call with the wrong number of arguments",
        "A function or definition takes exactly the arguments of its signature.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_explained() {
        let mut names: Vec<&str> = codes().iter().map(|(code, ..)| *code).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), codes().len());
        for (code, title, explanation) in codes() {
            assert!(!title.is_empty() && explanation.ends_with('.') && explanation.len() > 40, "{code}");
        }
    }
}
