//! Reads `[logs]` and `[traces]`.

use super::{not_one_of, web_url};
use crate::config::{
    model::{LogLevel, LogsConfig, TracesConfig},
    reader::Section,
};

pub(super) fn logs(section: &Section<'_>, logs: &mut LogsConfig) {
    let level = |text: &str| {
        let mut all = LogLevel::ALL.into_iter();
        all.find(|level| level.name() == text)
            .ok_or_else(|| not_one_of(text, &LogLevel::ALL.map(LogLevel::name)))
    };
    if let Some(level) = section.value("level", level) {
        logs.level = level.value;
    }
    section.duration("age", &mut logs.age);
    logs.size = section.size("size").unwrap_or(logs.size);
    logs.total = section.size("total").unwrap_or(logs.total);
}

pub(super) fn traces(section: &Section<'_>) -> Option<TracesConfig> {
    let mut sample = TracesConfig::SAMPLE;
    section.fraction("sample", &mut sample);
    let endpoint = section.value("endpoint", |text| {
        let url = web_url(text)?;
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(
                "write the collector's place alone, such as http://127.0.0.1:4318".to_owned(),
            );
        }
        Ok(url)
    });
    Some(TracesConfig {
        endpoint: endpoint?.value,
        sample,
    })
}
