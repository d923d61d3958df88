//! A render under way: what functions may ask and do.

use std::any::Any;
use std::sync::Arc;

use crate::budget::{Budget, Exhausted};
use crate::exec::ExecError;
use crate::functions::FunctionError;
use crate::map::WeakMap;
use crate::parse::{NodeId, Template};
use crate::world::World;
use crate::{Map, Str, TemplateSet, Value};

/// Steps taken before the budget is asked again.
const FUEL: u32 = 256;
/// Bytes made before the budget is asked again.
const BYTES: u64 = 64 * 1024;

/// What a field of a map gives when the map has no such key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, and none for its own fields: Go's default.
    #[default]
    Invalid,
    /// The zero value of the map's elements, as Helm has it.
    Zero,
    /// An error.
    Error,
}

/// One render under way.
///
/// Functions get it to see the world, to spend the budget and to run templates. Maps that functions changed
/// during the render are emptied when the context is dropped, so that maps which hold themselves are freed; take
/// out of values what is needed before.
pub struct Context<'r> {
    pub(crate) world: &'r dyn World,
    pub(crate) budget: &'r dyn Budget,
    host: &'r dyn Any,
    pub(crate) missing_key: MissingKey,
    pub(crate) templates: Arc<TemplateSet>,
    pub(crate) out: Vec<u8>,
    /// Variables of all templates under way.
    pub(crate) slots: Vec<Value>,
    /// The node that an error is reported at.
    pub(crate) node: NodeId,
    pub(crate) depth: usize,
    fuel: u32,
    bytes: u64,
    changed: Vec<WeakMap>,
}

impl<'r> Context<'r> {
    /// A render with these templates.
    pub fn new(templates: Arc<TemplateSet>, world: &'r dyn World, budget: &'r dyn Budget) -> Context<'r> {
        Context {
            world,
            budget,
            host: &(),
            missing_key: MissingKey::default(),
            templates,
            out: Vec::new(),
            slots: Vec::new(),
            node: 0,
            depth: 0,
            fuel: FUEL,
            bytes: 0,
            changed: Vec::new(),
        }
    }

    /// Lets the caller's own functions find `host` by [`Context::host`].
    pub fn with_host(mut self, host: &'r dyn Any) -> Context<'r> {
        self.host = host;
        self
    }

    /// What a missing map key gives.
    pub fn with_missing_key(mut self, missing_key: MissingKey) -> Context<'r> {
        self.missing_key = missing_key;
        self
    }

    /// What the caller handed in for its own functions.
    pub fn host(&self) -> &'r dyn Any {
        self.host
    }

    /// Clock, time zone, randomness.
    pub fn world(&self) -> &'r dyn World {
        self.world
    }

    /// The templates that can be run now.
    pub fn templates(&self) -> &Arc<TemplateSet> {
        &self.templates
    }

    /// Runs `f` while other templates are in force, for instance a layer over the present ones.
    pub fn with_templates<T>(&mut self, templates: Arc<TemplateSet>, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.templates, templates);
        let result = f(self);
        self.templates = before;
        result
    }

    /// Runs the template of that name and gives its text.
    ///
    /// # Errors
    /// When there is no such template, when it fails, or when the budget is spent.
    pub fn execute(&mut self, name: impl AsRef<[u8]>, data: &Value) -> Result<Str, FunctionError> {
        let name = name.as_ref();
        match self.templates.get(name).cloned() {
            Some(template) => Ok(self.execute_template(&template, data)?),
            None => {
                let (name, set) =
                    (crate::fmt::quote(name), crate::fmt::quote(self.templates.name().as_bytes()));
                Err(FunctionError::Message(format!(
                    "template: no template {name} associated with template {set}"
                )))
            }
        }
    }

    /// Runs a template and gives its text.
    ///
    /// # Errors
    /// When it fails or when the budget is spent.
    pub fn execute_template(&mut self, template: &Template, data: &Value) -> Result<Str, Box<ExecError>> {
        let start = self.out.len();
        let result = self.run(template, data.clone());
        let text = Str::new(&self.out[start..]);
        self.out.truncate(start);
        result.map(|()| text)
    }

    /// Spends steps, one for each item of a loop.
    ///
    /// # Errors
    /// When the budget does not allow it.
    pub fn spend_steps(&mut self, steps: u64) -> Result<(), Exhausted> {
        if steps < u64::from(self.fuel) {
            self.fuel -= steps as u32;
            return Ok(());
        }
        self.budget.spend(steps, 0)
    }

    /// Spends bytes of text or lists about to be made.
    ///
    /// # Errors
    /// When the budget does not allow it.
    #[inline]
    pub fn spend_bytes(&mut self, bytes: u64) -> Result<(), Exhausted> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes < BYTES {
            return Ok(());
        }
        self.budget.spend(0, std::mem::take(&mut self.bytes))
    }

    /// One step of the evaluator.
    #[inline]
    pub(crate) fn tick(&mut self) -> Result<(), Exhausted> {
        self.fuel -= 1;
        if self.fuel > 0 {
            return Ok(());
        }
        self.fuel = FUEL;
        self.budget.spend(u64::from(FUEL), std::mem::take(&mut self.bytes))
    }

    /// Sets a map entry on behalf of a function.
    ///
    /// # Errors
    /// As Go panics: when the map is nil.
    pub fn set_entry(&mut self, map: &Map, key: Str, value: Value) -> Result<(), FunctionError> {
        if map.is_nil() {
            return Err(FunctionError::new("assignment to entry in nil map"));
        }
        // Entries are kept sorted, so a new one moves others.
        self.spend_steps(1 + map.len() as u64 / 64)?;
        if matches!(value, Value::Map(_) | Value::List(_)) {
            self.changed.push(map.downgrade());
        }
        map.insert(key, value.unwrapped());
        Ok(())
    }
}

impl Drop for Context<'_> {
    fn drop(&mut self) {
        self.slots.clear();
        for map in &self.changed {
            map.clear();
        }
    }
}
