//! A seeded simulation of every service: the code that serves, on its own stores, a simulated bus and a clock that is
//! moved by hand, with duplicates, reordering, delays and deaths between every pair of durable steps.
//!
//! One world is one thread, and one seed is one run. In reading order: `pulse` decides when a process dies, `bus` is the
//! log between the processes, `local` calls a service without a socket, `process` is one service on its store, `wheel`
//! turns time, `world` is what it drives, `people` is everybody who calls, `watch` and `end` check the promises. `year` is
//! a school year of Wales with the ladder that notices climb.
//!
//! Deliberately absent: real time, sockets, threads inside a world, and any knowledge of how a service does its work.

pub mod bus;
pub mod end;
pub mod local;
pub mod people;
pub mod process;
pub mod pulse;
pub mod run;
pub mod watch;
mod wheel;
pub mod world;
pub mod year;
