//! The gate and the signature: the reference case signs, and everything that was done to it does not.

mod abandoned;
mod command;
mod evidence;
mod faults;
mod flow;
mod flows;
mod installation;
mod live;
mod persons;
mod proposed;
mod reference;
mod scenarios;
mod table;
mod together;
mod world;
