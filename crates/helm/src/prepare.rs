//! What renders of one chart share: the tree of charts that takes part and its parsed templates.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use gotemplate::{FunctionSet, ParseError, Parsed, Template, TemplateSet};

use crate::chart::Chart;
use crate::dependencies::{ChartNode, enabled, import_values};
use crate::errors::parse_error;
use crate::functions::{contains, functions};
use crate::output::HeadCache;
use crate::values::Table;
use crate::values::coalesce::CoalesceError;
use crate::{HelmVersion, RenderError};

/// A chart for one choice of sub-charts.
#[derive(Debug)]
pub(crate) struct Prepared {
    version: HelmVersion,
    mark: String,
    /// The charts that take part.
    pub(crate) root: ChartNode,
    /// All their templates.
    pub(crate) templates: Arc<TemplateSet>,
    /// The templates to run, in order.
    pub(crate) runs: Vec<Run>,
    pub(crate) functions: Arc<FunctionSet>,
    pub(crate) texts: Arc<TextCache>,
    pub(crate) heads: HeadCache,
    /// Whether a template speaks of files.
    pub(crate) names_files: bool,
}

/// One template file to run.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its path with the charts' names in front.
    pub(crate) name: String,
    /// Folder of its chart's templates.
    pub(crate) base_path: Arc<str>,
    /// Which chart of the tree, counted from the root down, parents first.
    pub(crate) chart: usize,
    pub(crate) template: Arc<Template>,
}

/// Choices of sub-charts kept for one chart.
const MOST_KEPT: usize = 8;

/// The chart made ready for these values; a choice of sub-charts met before costs no more than finding it out.
pub(crate) fn prepared(
    chart: &Arc<Chart>,
    values: &Table,
    version: HelmVersion,
) -> Result<Arc<Prepared>, RenderError> {
    let root = enabled(&chart.contents, values, version)
        .map_err(|error| RenderError::Dependencies(error.to_string()))?;
    let mut mark = String::new();
    root.mark(&mut mark);
    let known =
        |kept: &Vec<Arc<Prepared>>| kept.iter().find(|p| p.version == version && p.mark == mark).cloned();
    if let Some(found) = known(&chart.prepared.lock().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(found);
    }
    let fresh = Arc::new(prepare(root, mark, version)?);
    let mut kept = chart.prepared.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= MOST_KEPT {
        kept.remove(0);
    }
    kept.push(fresh.clone());
    Ok(fresh)
}

fn prepare(mut root: ChartNode, mark: String, version: HelmVersion) -> Result<Prepared, RenderError> {
    import_values(&mut root).map_err(|error| refusal(&error, version))?;
    let functions = functions(version);
    let mut sources = Vec::new();
    collect(&root, &root.name, &mut 0, &mut sources);
    // Deepest first, so that what a parent defines replaces what its sub-charts define.
    sources.sort_by(|a, b| b.rank().cmp(&a.rank()));
    let mut templates = TemplateSet::new("gotpl");
    let mut runs = Vec::with_capacity(sources.len());
    let mut names_files = false;
    for source in sources {
        let parsed = Parsed::parse(&source.name, source.text, &functions)
            .map_err(|error| parse_error(&source.name, &error.to_string()))?;
        templates.add(&parsed);
        names_files |= contains(source.text, b"Files");
        if !source.name.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
            let Source { name, base_path, chart, text: _ } = source;
            runs.push(Run { name, base_path, chart, template: parsed.main().clone() });
        }
    }
    for run in &mut runs {
        if let Some(template) = templates.get(&run.name) {
            run.template = template.clone();
        }
    }
    Ok(Prepared {
        version,
        mark,
        root,
        templates: Arc::new(templates),
        runs,
        functions,
        texts: Arc::default(),
        heads: HeadCache::default(),
        names_files,
    })
}

/// Version 4 says what it was about when values did not fit.
fn refusal(error: &CoalesceError, version: HelmVersion) -> RenderError {
    match version {
        HelmVersion::V3 => RenderError::Values(error.to_string()),
        HelmVersion::V4 => RenderError::Dependencies(error.to_string()),
    }
}

/// A template file that takes part.
struct Source<'a> {
    name: String,
    base_path: Arc<str>,
    chart: usize,
    text: &'a [u8],
}

impl Source<'_> {
    fn rank(&self) -> (usize, &str) {
        (self.name.bytes().filter(|byte| *byte == b'/').count(), &self.name)
    }
}

fn collect<'a>(node: &'a ChartNode, path: &str, next: &mut usize, sources: &mut Vec<Source<'a>>) {
    let chart = *next;
    *next += 1;
    let base_path: Arc<str> = Arc::from(format!("{path}/templates"));
    let mut last: HashMap<&str, usize> = HashMap::new();
    for file in &node.chart.templates {
        let partial = file.path.rsplit('/').next().is_some_and(|name| name.starts_with('_'));
        // Of a library only what it defines takes part.
        if node.chart.metadata.is_library() && !partial {
            continue;
        }
        let source = Source {
            name: format!("{path}/{}", file.path),
            base_path: base_path.clone(),
            chart,
            text: &file.text,
        };
        // An archive may hold a path twice: the later one counts.
        match last.insert(&file.path, sources.len()) {
            Some(before) => {
                last.insert(&file.path, before);
                sources[before] = source;
            }
            None => sources.push(source),
        }
    }
    for child in &node.children {
        collect(child, &format!("{path}/charts/{}", child.name), next, sources);
    }
}

/// Texts given to `tpl`, parsed once for all renders of a chart.
#[derive(Debug, Default)]
pub(crate) struct TextCache {
    parsed: Mutex<Texts>,
}

#[derive(Debug, Default)]
struct Texts {
    by_text: HashMap<Box<[u8]>, Arc<Parsed>>,
    bytes: usize,
}

/// Most bytes of texts that are kept; beyond it all are forgotten.
const MOST_BYTES: usize = 4 << 20;

impl TextCache {
    /// The parsed text.
    pub(crate) fn parse(
        &self,
        name: &str,
        text: &[u8],
        functions: &Arc<FunctionSet>,
    ) -> Result<Arc<Parsed>, ParseError> {
        let lock = || self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = lock().by_text.get(text) {
            return Ok(found.clone());
        }
        let parsed = Arc::new(Parsed::parse(name, text, functions)?);
        let mut texts = lock();
        if texts.bytes + text.len() > MOST_BYTES {
            *texts = Texts::default();
        }
        texts.bytes += text.len();
        texts.by_text.insert(text.into(), parsed.clone());
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    #[test]
    fn a_chart_goes_with_the_last_who_holds_it() {
        let files = MemoryFiles::from_iter([("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")]);
        let chart = Arc::new(Chart::load(&files).expect("it loads"));
        let contents = Arc::downgrade(&chart.contents);
        prepared(&chart, &Table::default(), HelmVersion::V4).expect("it is made ready");
        assert!(contents.upgrade().is_some());
        drop(chart);
        assert!(contents.upgrade().is_none(), "what is kept for renders holds the chart itself");
    }
}
