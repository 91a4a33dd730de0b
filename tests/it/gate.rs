//! The gate and the signature: the reference case signs, and everything that was done to it does not.

mod abandoned;
mod anchored;
mod command;
#[cfg(unix)]
mod disk;
mod evidence;
mod faults;
mod first;
mod flow;
mod flows;
mod hostile;
mod installation;
mod kill;
mod live;
mod partial;
mod persons;
mod property;
mod proposed;
mod reference;
mod run;
mod scenarios;
mod steps;
mod table;
mod together;
mod world;
