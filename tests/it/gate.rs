//! The gate and the signature: the reference case signs, and everything that was done to it does not.

mod reference;
mod world;
