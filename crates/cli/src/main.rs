//! The `malai` command.

fn main() {}
