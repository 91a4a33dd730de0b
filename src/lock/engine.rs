//! The version of the engine: three numbers.

use std::fmt;
use std::str::FromStr;

/// `MAJOR.MINOR.PATCH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineVersion([u32; 3]);

/// A text that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version: three numbers, as in `1.2.0`, are expected")]
pub struct NotAVersion(String);

impl EngineVersion {
    /// This engine.
    pub fn own() -> Self {
        let number = |text: &str| text.parse().unwrap_or_default();
        Self([
            number(env!("CARGO_PKG_VERSION_MAJOR")),
            number(env!("CARGO_PKG_VERSION_MINOR")),
            number(env!("CARGO_PKG_VERSION_PATCH")),
        ])
    }
}

impl FromStr for EngineVersion {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        let version = numbers.and_then(|numbers| <[u32; 3]>::try_from(numbers).ok()).map(Self);
        // `01` and `+1` are numbers to the parser, and two texts of one version are one too many.
        let version = version.filter(|version| version.to_string() == text);
        version.ok_or_else(|| NotAVersion(text.to_owned()))
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_by_number() {
        let version = |text: &str| text.parse::<EngineVersion>().unwrap();
        assert!(version("0.9.0") < version("0.10.0"));
        assert!(version("1.0.0") > version("0.99.99"));
        assert_eq!(EngineVersion::own().to_string(), env!("CARGO_PKG_VERSION"));
        for refused in ["1.0", "1.0.0-rc.1", "v1.0.0", "01.0.0", "+1.0.0", "", "1.0.0.0"] {
            assert!(refused.parse::<EngineVersion>().is_err(), "{refused}");
        }
    }
}
