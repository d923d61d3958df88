//! Stories in virtual time: objects and a script go in, what people would see comes out.

mod approval;
mod basic;
mod blue_green;
mod edges;
mod play;
mod release;
mod routed;
mod take_over;
