//! `malai doctor`: what works and what does not, on this machine and on the way to a peer.

use std::path::Path;

use malai_api::{Diagnosis, Examined, Failure, Figure, Finding, Request, Response, Verdict, codes};
use malai_core::{
    engine,
    private_file::{self, Existing},
};

use super::Context;
use crate::{
    args::DoctorArgs,
    exit::Exit,
    output::Output,
    session::{Session, unexpected},
};

/// Columns before what was seen.
const INDENT: usize = 13;

pub(crate) async fn run(context: &Context, args: DoctorArgs) -> anyhow::Result<Exit> {
    let output = context.output;
    let to_stdout = args.report.as_deref() == Some(Path::new("-"));
    if to_stdout && output.is_json() {
        let message = "with `--json` the report is in `text`; leave `--report -` out";
        return Err(Failure::new(codes::ARGUMENT_INVALID, message).into());
    }
    if output.is_for_person() {
        output.talk("looking; this takes some seconds");
    }
    let response = ask(context, args.peer).await?;
    let Response::Diagnosis(diagnosis) = &response else {
        return Err(unexpected(&response));
    };
    if to_stdout {
        output.line(diagnosis.text.trim_end())?;
        return Ok(exit(diagnosis));
    }
    if output.is_json() {
        output.object(diagnosis)?;
    } else {
        output.line(&page(diagnosis))?;
    }
    if let Some(path) = args.report {
        write(&path, &diagnosis.text, output)?;
    }
    Ok(exit(diagnosis))
}

async fn ask(context: &Context, peer: Option<String>) -> anyhow::Result<Response> {
    let home = context.home()?;
    if let Some(mut session) = Session::attach(&home).await? {
        return session.request(Request::Doctor { peer }).await;
    }
    let store = context.key_store();
    let looking = Box::pin(engine::doctor_offline(&home, store, peer.as_deref()));
    Ok(looking.await?)
}

/// The report goes into a new file, since nothing else of that name is ours to replace.
fn write(path: &Path, text: &str, output: Output) -> anyhow::Result<()> {
    use anyhow::Context as _;
    let written = private_file::write(path, text.as_bytes(), Existing::Keep);
    written.with_context(|| format!("cannot write {}; choose another name", path.display()))?;
    output.talk(&format!("the report is in {}", path.display()));
    Ok(())
}

fn exit(diagnosis: &Diagnosis) -> Exit {
    let is_away = diagnosis.peer.as_ref().is_some_and(|peer| !peer.reached);
    if is_away {
        Exit::Unreachable
    } else if diagnosis.worst() == Verdict::Problem {
        Exit::Failed
    } else {
        Exit::Done
    }
}

fn page(diagnosis: &Diagnosis) -> String {
    let mut lines = vec!["This machine".to_owned()];
    lines.extend(diagnosis.findings.iter().map(finding));
    if let Some(peer) = &diagnosis.peer {
        lines.push(format!("\nThe way to {}", peer.name));
        lines.extend(peer.findings.iter().map(finding));
    }
    lines.push(format!("\n{}", summary(diagnosis)));
    lines.join("\n")
}

fn finding(finding: &Finding) -> String {
    let (mark, word) = match finding.verdict {
        Verdict::Ok => ('✓', "ok"),
        Verdict::Warning => ('!', "warning"),
        Verdict::Problem => ('✗', "problem"),
        Verdict::Skipped | _ => ('–', "skipped"),
    };
    let label = label(finding.check);
    let about = finding.about.as_ref();
    let about = about.map(|about| format!(" {about}")).unwrap_or_default();
    let seen = continued(&finding.seen);
    let figures: Vec<_> = finding.figures.iter().filter_map(figure).collect();
    let figures = if figures.is_empty() {
        String::new()
    } else {
        format!(" ({})", figures.join(", "))
    };
    let mut line = format!("  {mark} {word:<8} {label}{about}: {seen}{figures}");
    if let Some(advice) = &finding.advice {
        line.push_str(&format!("\n{:INDENT$}→ {}", "", continued(advice)));
    }
    line
}

/// Further lines begin below the first one.
fn continued(text: &str) -> String {
    text.replace('\n', &format!("\n{:INDENT$}", ""))
}

/// How long an answer takes; the rest is in what was seen.
fn figure(figure: &Figure) -> Option<String> {
    let is_time = ["latency", "round_trip"].contains(&figure.name.as_str());
    is_time.then(|| format!("{} {}", figure.value, figure.unit))
}

fn summary(diagnosis: &Diagnosis) -> String {
    let peer = diagnosis.peer.iter().flat_map(|peer| &peer.findings);
    let all = || diagnosis.findings.iter().chain(peer.clone());
    let count = |verdict| all().filter(|it| it.verdict == verdict).count();
    let many = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    let (problems, warnings) = (count(Verdict::Problem), count(Verdict::Warning));
    let found = match (problems, warnings) {
        (0, 0) => "Nothing is wrong.".to_owned(),
        (0, warnings) => format!("{} and no problem.", many(warnings, "warning")),
        (problems, 0) => format!("{}.", many(problems, "problem")),
        (problems, warnings) => {
            format!(
                "{} and {}.",
                many(problems, "problem"),
                many(warnings, "warning")
            )
        }
    };
    format!("{found} `--report FILE` writes this without names and secrets, to pass on.")
}

fn label(check: Examined) -> &'static str {
    match check {
        Examined::Version => "Version",
        Examined::Config => "Configuration",
        Examined::Identity => "Secret key",
        Examined::Home => "Permissions",
        Examined::Disk => "Disk",
        Examined::Limits => "Limits",
        Examined::Dns => "DNS",
        Examined::Lookup => "Published address",
        Examined::Udp => "UDP and NAT",
        Examined::Relay => "Relay",
        Examined::Clock => "Clock",
        Examined::Ports => "Ports",
        Examined::Upstream => "Service",
        Examined::Path => "Path",
        Examined::Seen => "Seen from there",
        Examined::PeerClock => "Both clocks",
        Examined::Speed => "Speed",
        Examined::Offers => "Offers",
        Examined::PeerChecks => "Its own checks",
        _ => "More",
    }
}

#[cfg(test)]
mod tests {
    use malai_api::PeerDiagnosis;

    use super::*;

    fn found(verdict: Verdict) -> Finding {
        Finding {
            check: Examined::Udp,
            about: None,
            verdict,
            summary: "words".to_owned(),
            seen: "two\nlines".to_owned(),
            advice: Some("do it".to_owned()),
            figures: vec![Figure {
                name: "latency".to_owned(),
                value: 12.5,
                unit: "ms".to_owned(),
            }],
        }
    }

    fn diagnosis(verdict: Verdict, reached: Option<bool>) -> Diagnosis {
        Diagnosis {
            version: "0.1.0".to_owned(),
            system: "linux".to_owned(),
            at: 0,
            findings: vec![found(verdict)],
            peer: reached.map(|reached| PeerDiagnosis {
                id52: "id52".to_owned(),
                name: "alice".to_owned(),
                reached,
                findings: vec![found(Verdict::Problem)],
            }),
            text: String::new(),
        }
    }

    #[test]
    fn the_exit_code_says_how_it_is() {
        for (verdict, reached, wanted) in [
            (Verdict::Ok, None, Exit::Done),
            (Verdict::Warning, None, Exit::Done),
            (Verdict::Problem, None, Exit::Failed),
            (Verdict::Ok, Some(true), Exit::Failed),
            (Verdict::Ok, Some(false), Exit::Unreachable),
        ] {
            assert_eq!(exit(&diagnosis(verdict, reached)), wanted);
        }
    }

    #[test]
    fn what_was_seen_and_what_to_do_stand_below_each_other() {
        let wanted =
            "  ! warning  UDP and NAT: two\n             lines (12.5 ms)\n             → do it";
        assert_eq!(finding(&found(Verdict::Warning)), wanted);
        let page = page(&diagnosis(Verdict::Ok, Some(true)));
        assert!(page.contains("\nThe way to alice\n  ✗ problem"), "{page}");
        assert!(page.contains("1 problem. "), "{page}");
    }
}
