use std::{fmt::Write, path::Path};

use clap::CommandFactory;

use super::*;

/// Set to write the golden files anew.
const REGENERATE: &str = "MALAI_REGENERATE_GOLDEN";

#[test]
fn the_command_line_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn help_texts_are_as_they_were() {
    let mut command = Cli::command().term_width(100);
    command.build();
    let mut text = String::new();
    help_of(&mut command, &mut text);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/help.txt");
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::write(&golden, &text).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    assert!(
        text == expected,
        "the help texts differ from {}; when that is meant, run the test with {REGENERATE}=1",
        golden.display()
    );
}

#[test]
fn every_flag_has_an_environment_variable() {
    fn check(command: &clap::Command) {
        for argument in command.get_arguments() {
            let is_flag = argument.get_long().is_some();
            let is_claps = ["help", "version"].contains(&argument.get_id().as_str());
            if is_flag && !is_claps {
                let name = argument
                    .get_env()
                    .map(|name| name.to_string_lossy().into_owned());
                let name = name.unwrap_or_default();
                assert!(name.starts_with("MALAI_"), "{argument}");
            }
        }
        command
            .get_subcommands()
            .filter(|it| !it.is_hide_set())
            .for_each(check);
    }
    check(&Cli::command());
}

#[test]
fn legacy_spellings_mean_the_same() {
    let cli = Cli::try_parse_from(["malai", "http", "3000", "--public"]).unwrap();
    let Command::Http(args) = cli.command else {
        panic!("{:?}", cli.command);
    };
    let share = ShareArgs::from(args);
    assert_eq!(share.upstream, ["127.0.0.1:3000"]);
    assert!(share.anyone && !share.tcp);
}

#[test]
fn a_time_needs_a_unit() {
    for text in ["0s", "2", "soon"] {
        let parsed = Cli::try_parse_from(["malai", "share", "3000", "--for", text]);
        assert!(parsed.is_err(), "{text}");
    }
    assert!(Cli::try_parse_from(["malai", "share", "3000", "--for", "2h"]).is_ok());
}

fn help_of(command: &mut clap::Command, text: &mut String) {
    let path = command.get_bin_name().unwrap_or("malai").to_owned();
    writeln!(text, "$ {path} --help").unwrap();
    for line in command.render_long_help().to_string().lines() {
        writeln!(text, "{}", line.trim_end()).unwrap();
    }
    text.push('\n');
    for subcommand in command.get_subcommands_mut() {
        if !subcommand.is_hide_set() {
            help_of(subcommand, text);
        }
    }
}
