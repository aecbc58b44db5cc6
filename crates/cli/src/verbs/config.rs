//! `malai config`: look at malai.toml without running anything.

use std::{fs, io};

use anyhow::Context as _;
use malai_core::config::{self, ConfigError, Parsed, Problem};
use serde_json::json;

use super::Context;
use crate::{args::ConfigCommand, exit::Exit};

pub(crate) fn run(context: &Context, command: &ConfigCommand) -> anyhow::Result<Exit> {
    match command {
        ConfigCommand::Check => check(context),
        ConfigCommand::Path => path(context),
        ConfigCommand::Show => show(context),
    }
}

fn check(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let file = context.home()?.config();
    let (errors, warnings) = match config::load(&file) {
        Ok(Parsed { warnings, .. }) => (Vec::new(), warnings),
        Err(ConfigError::Invalid(_, problems)) => (problems.errors, problems.warnings),
        Err(error) => return Err(error.into()),
    };
    if output.is_json() {
        output.object(&json!({
            "valid": errors.is_empty(),
            "problems": errors.iter().map(as_json).collect::<Vec<_>>(),
            "warnings": warnings.iter().map(as_json).collect::<Vec<_>>(),
        }))?;
    } else {
        for problem in &errors {
            output.line(&problem.to_string())?;
        }
        for warning in &warnings {
            output.talk(&format!("warning: {warning}"));
        }
    }
    if errors.is_empty() {
        output.talk(&format!("{} is valid", file.display()));
        Ok(Exit::Done)
    } else {
        output.talk(&format!("{} has {} problems", file.display(), errors.len()));
        Ok(Exit::ConfigInvalid)
    }
}

fn as_json(problem: &Problem) -> serde_json::Value {
    json!({ "key": problem.key, "line": problem.line, "message": problem.message })
}

fn path(context: &Context) -> anyhow::Result<Exit> {
    let file = context.home()?.config();
    if context.output.is_json() {
        context.output.object(&json!({ "path": file }))?;
    } else {
        context.output.line(&file.display().to_string())?;
    }
    Ok(Exit::Done)
}

fn show(context: &Context) -> anyhow::Result<Exit> {
    let output = context.output;
    let file = context.home()?.config();
    let text = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            output.talk("there is no malai.toml yet; the defaults hold");
            String::new()
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", file.display()));
        }
    };
    if output.is_json() {
        output.object(&json!({ "path": file, "text": text }))?;
    } else if !text.is_empty() {
        output.line(text.trim_end())?;
    }
    Ok(Exit::Done)
}
