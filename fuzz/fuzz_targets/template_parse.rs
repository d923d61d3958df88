//! Lexer and parser: any bytes end in a template or in an error with a place, and text without actions stays itself.
#![no_main]

use std::sync::{Arc, LazyLock};

use gotemplate::{Context, FunctionSet, Limits, Parsed, StillWorld, TemplateSet, Value};
use libfuzzer_sys::fuzz_target;

static SPRIG: LazyLock<Arc<FunctionSet>> = LazyLock::new(FunctionSet::sprig);

fuzz_target!(|text: &[u8]| {
    match Parsed::parse("fuzz", text, &SPRIG) {
        Ok(parsed) if !text.windows(2).any(|pair| pair == b"{{") => assert_eq!(printed(&parsed), text),
        Ok(_) => {}
        Err(error) => assert!(error.to_string().starts_with("template: fuzz"), "{error}"),
    }
});

fn printed(parsed: &Parsed) -> Vec<u8> {
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(TemplateSet::new("fuzz")), &world, &limits);
    let text = context.execute_template(parsed.main(), &Value::Nil).expect("text prints itself");
    text.as_bytes().to_vec()
}
