//! Revocations: from the case whose bundle holds the issued credential.

use super::*;
