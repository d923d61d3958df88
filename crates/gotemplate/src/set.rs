//! Templates that know each other by name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::parse::{Parsed, Template};

/// Named templates, perhaps on top of another set.
///
/// A layer on top costs nothing in proportion to what lies below: this is how `tpl` adds definitions for the
/// time of one call.
#[derive(Debug, Default)]
pub struct TemplateSet {
    name: String,
    templates: HashMap<Arc<[u8]>, Arc<Template>>,
    below: Option<Arc<TemplateSet>>,
}

impl TemplateSet {
    /// An empty set; the name appears in error messages about missing templates.
    pub fn new(name: impl Into<String>) -> TemplateSet {
        TemplateSet { name: name.into(), ..TemplateSet::default() }
    }

    /// A new layer over `below`.
    pub fn over(below: &Arc<TemplateSet>) -> TemplateSet {
        TemplateSet { name: below.name.clone(), templates: HashMap::new(), below: Some(below.clone()) }
    }

    /// The name of the set.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds the templates of a text. They replace those of the same name, but an empty one does not replace one
    /// with a body.
    pub fn add(&mut self, parsed: &Parsed) {
        for template in parsed.templates() {
            if !template.is_empty() || self.get(template.name()).is_none() {
                self.templates.insert(template.name.clone(), template.clone());
            }
        }
    }

    /// The template of that name.
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&Arc<Template>> {
        let name = name.as_ref();
        let mut layer = self;
        loop {
            if let Some(template) = layer.templates.get(name) {
                return Some(template);
            }
            layer = layer.below.as_deref()?;
        }
    }
}
