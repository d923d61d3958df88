//! The language: what templates print, what they refuse, and what stops them.

use std::fmt::Write as _;
use std::sync::Arc;

use gotemplate::{
    Context, ExecError, Exhausted, Frame, Function, FunctionError, FunctionSet, FunctionValue, Limits, Map,
    MissingKey, Param, Parsed, StillWorld, TemplateSet, Value,
};
use proptest::prelude::*;

/// As Helm has it: the name of a template and its data.
fn include(context: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let name = args[0].as_str().ok_or_else(|| FunctionError::new("no name"))?;
    context.execute(name, &args[1]).map(Value::Str)
}

/// As Helm has it: a text, run as a template over those there are.
fn tpl(context: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args[0].as_str().ok_or_else(|| FunctionError::new("no text"))?;
    let parsed = Parsed::parse("gotpl", text, &functions())
        .map_err(|error| FunctionError::new(format!("cannot parse template: {error}")))?;
    let mut set = TemplateSet::over(context.templates());
    set.add(&parsed);
    let text =
        context.with_templates(Arc::new(set), |context| context.execute_template(parsed.main(), &args[1]));
    Ok(Value::Str(text.map_err(|error| error.within(Frame::Text("in tpl: ".into())))?))
}

fn functions() -> Arc<FunctionSet> {
    const OWN: &[Function] = &[
        Function::new("include", &[Param::Str, Param::Any], include),
        Function::new("tpl", &[Param::Str, Param::Any], tpl),
    ];
    Arc::new((*FunctionSet::sprig()).clone().with(OWN))
}

fn data() -> Value {
    let shout = FunctionValue {
        go_type: "func(string) string".into(),
        params: vec![Param::Str],
        variadic: false,
        call: Box::new(|_, args| Ok(Value::str(format!("{}!", args[0].as_str().expect("checked"))))),
    };
    let inner = vec![("b".into(), Value::Float(2.0)), ("nil".into(), Value::Nil)];
    Value::Map(Map::from_entries(vec![
        ("m".into(), Value::Map(Map::from_entries(inner))),
        ("s".into(), Value::str("text")),
        ("big".into(), Value::Float(1_000_000.0)),
        ("shout".into(), Value::Function(shout.into())),
    ]))
}

struct Rendering {
    limits: Limits,
    missing_key: MissingKey,
}

impl Default for Rendering {
    fn default() -> Rendering {
        Rendering { limits: Limits::new(2_000_000, 64 << 20), missing_key: MissingKey::Zero }
    }
}

impl Rendering {
    fn render(&self, template: &str) -> Result<String, String> {
        let parsed = Parsed::parse("t", template, &functions()).map_err(|error| error.to_string())?;
        let mut set = TemplateSet::new("set");
        set.add(&parsed);
        let world = StillWorld::default();
        let context = Context::new(Arc::new(set), &world, &self.limits);
        let mut context = context.with_missing_key(self.missing_key);
        context.execute("t", &data()).map(|text| text.to_string()).map_err(|error| error.to_string())
    }
}

/// What the template gives: its text, or its error.
#[track_caller]
fn check(template: &str, expected: &str) {
    let rendered = Rendering::default().render(template).unwrap_or_else(|error| error);
    assert_eq!(rendered, expected, "{template}");
}

#[test]
fn complex_numbers_are_printed_and_refused() {
    check("{{ 1i }} {{ printf \"%v %.1f %T\" 1.5i 2i 1i }}", "(0+1i) (0+1.5i) (0.0+2.0i) complex128");
    check(
        "{{ printf \"%d %s %q\" 1i 1i 1i }}",
        "%!d(complex128=(0+1i)) %!s(complex128=(0+1i)) %!q(complex128=(0+1i))",
    );
}

#[test]
fn text_is_trimmed() {
    check("a {{- 1 -}} \n b", "a1b");
    check("{{/* note */}}a {{- /* note */ -}} b", "ab");
    check("{{3 -}}\n{{-3}}", "3-3");
}

#[test]
fn variables_have_scopes() {
    check("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}", "21");
    check("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2");
    check("{{ range $i, $x := list 7 8 }}{{ $i }}{{ $x }} {{ end }}", "07 18 ");
    check("{{ with $y := .s }}{{ $y }}{{ . }}{{ $.big }}{{ end }}", "texttext1e+06");
    check("{{ $x := 1 }}{{ range until 3 }}{{ $x = add $x . }}{{ end }}{{ $x }}", "4");
    check("{{ $x := 1 }}{{ if false }}{{ $x := 2 }}{{ else }}{{ $y := 3 }}{{ $x }}{{ end }}", "1");
    check(
        "{{ if false }}{{ $x := 2 }}{{ else }}{{ $x }}{{ end }}",
        "template: t:1:40: executing \"t\" at <$x>: undefined variable: $x",
    );
    check("{{ $x = 1 }}", "template: t:1:8: executing \"t\" at <1>: undefined variable: $x");
    check("{{ $x := $x }}", "template: t:1:9: executing \"t\" at <$x>: undefined variable: $x");
    check("{{ $x }}", "template: t:1: undefined variable \"$x\"");
}

#[test]
fn loops_can_be_left() {
    check(
        "{{ range until 5 }}{{ if eq . 1 }}{{ continue }}{{ end }}{{ if eq . 3 }}{{ break }}{{ end }}{{ . }}{{ end }}",
        "02",
    );
    check("{{ range list }}x{{ else }}none{{ end }}", "none");
    check("{{ range until 2 }}{{ range list }}{{ else }}{{ break }}{{ end }}{{ . }}{{ end }}", "01");
    check(
        "{{ $d := dict \"a\" 1 }}{{ range $k, $v := $d }}{{ $_ := set $d \"b\" 2 }}{{ $k }}{{ end }}{{ len $d }}",
        "a2",
    );
    check(
        "{{ range .s }}{{ end }}",
        "template: t:1:9: executing \"t\" at <.s>: range can't iterate over text",
    );
    check("{{ break }}", "template: t:1: {{break}} outside {{range}}");
}

#[test]
fn fields_of_nothing() {
    check("{{ .none }}", "<no value>");
    check(
        "{{ .none.x }}",
        "template: t:1:8: executing \"t\" at <.none.x>: nil pointer evaluating interface {}.x",
    );
    check("{{ (.none).x }}", "<no value>");
    check("{{ .m.nil }}{{ print .m.nil }}", "<no value><nil>");
    check(
        "{{ .s.x }}",
        "template: t:1:5: executing \"t\" at <.s.x>: can't evaluate field x in type interface {}",
    );
    check(
        "{{ range list nil }}{{ .x }}{{ end }}",
        "template: t:1:23: executing \"t\" at <.x>: nil pointer evaluating interface {}.x",
    );
    check("{{ $n := .none }}{{ $n.x }}", "<no value>");
    let strict = Rendering { missing_key: MissingKey::Error, ..Rendering::default() };
    assert_eq!(
        strict.render("{{ .none }}"),
        Err("template: t:1:3: executing \"t\" at <.none>: map has no entry for key \"none\"".into())
    );
    let lenient = Rendering { missing_key: MissingKey::Invalid, ..Rendering::default() };
    assert_eq!(lenient.render("{{ .none.x }}"), Ok("<no value>".into()));
}

#[test]
fn arguments_are_checked() {
    check(
        "{{ trunc 1 }}",
        "template: t:1:3: executing \"t\" at <trunc>: wrong number of args for trunc: want 2 got 1",
    );
    check("{{ upper 1 }}", "template: t:1:9: executing \"t\" at <1>: expected string; found 1");
    check(
        "{{ upper .big }}",
        "template: t:1:9: executing \"t\" at <.big>: wrong type for value; expected string; got float64",
    );
    check(
        "{{ upper .none }}",
        "template: t:1:9: executing \"t\" at <.none>: wrong type for value; expected string; got interface {}",
    );
    check(
        "{{ .none | upper }}",
        "template: t:1:11: executing \"t\" at <upper>: invalid value; expected string",
    );
    check("{{ hasKey nil \"x\" }}{{ trunc 2.0 \"abc\" }}{{ round 3 1 }}", "falseab3");
    check("{{ .s 1 }}", "template: t:1:3: executing \"t\" at <.s>: s is not a method but has arguments");
    check("{{ and 0 (fail \"never\") }}{{ or 1 (fail \"never\") }}", "01");
    check(
        "{{ eq 1 1.0 }}",
        "template: t:1:3: executing \"t\" at <eq 1 1.0>: error calling eq: incompatible types for comparison: int and float64",
    );
}

#[test]
fn function_values_are_called() {
    check("{{ call .shout \"hey\" }}{{ \"ho\" | call .shout }}", "hey!ho!");
    check(
        "{{ call .s }}",
        "template: t:1:3: executing \"t\" at <call .s>: error calling call: non-function .s of type string",
    );
    check(
        "{{ call .shout 1 }}",
        "template: t:1:3: executing \"t\" at <call .shout 1>: error calling call: arg 0: value has type int; should be string",
    );
    check(
        "{{ .shout }}",
        "template: t:1:3: executing \"t\" at <{{.shout}}>: can't print {{.shout}} of type func(string) string",
    );
}

#[test]
fn templates_know_each_other() {
    check(
        "{{ define \"a\" }}[{{ . }}{{ $ }}]{{ end }}{{ template \"a\" 1 }}{{ include \"a\" 2 | quote }}",
        "[11]\"[22]\"",
    );
    check("{{ block \"b\" .s }}<{{ . }}>{{ end }}", "<text>");
    check(
        "{{ template \"none\" }}",
        "template: t:1:12: executing \"t\" at <{{template \"none\"}}>: template \"none\" not defined",
    );
    check(
        "{{ include \"none\" . }}",
        "template: t:1:3: executing \"t\" at <include \"none\" .>: error calling include: \
         template: no template \"none\" associated with template \"set\"",
    );
    check(
        "{{ define \"a\" }}1{{ end }}{{ define \"a\" }}2{{ end }}",
        "template: t:1: template: multiple definition of template \"a\"",
    );
    check("{{ tpl \"{{ define \\\"x\\\" }}new{{ end }}{{ include \\\"x\\\" . }}\" . }}", "new");
    check(
        "{{ define \"o\" }}old{{ end }}{{ define \"call\" }}{{ include \"o\" . }}{{ end }}\
           {{ tpl \"{{ define \\\"o\\\" }}new{{ end }}{{ include \\\"call\\\" . }}\" . }}{{ include \"o\" . }}",
        "newold",
    );
    check(
        "{{ define \"bad\" }}\n  {{ upper 1 }}{{ end }}{{ include \"bad\" . }}",
        "template: t:2:27: executing \"t\" at <include \"bad\" .>: error calling include: \
         template: t:2:11: executing \"bad\" at <1>: expected string; found 1",
    );
}

#[test]
fn later_definitions_win_but_empty_ones_do_not() {
    let mut set = TemplateSet::new("set");
    for (name, text) in [
        ("1", "{{ define \"a\" }}one{{ end }}"),
        ("2", "{{ define \"a\" }}two{{ end }}"),
        ("3", "{{ define \"a\" }} {{ end }}"),
    ] {
        set.add(&Parsed::parse(name, text, &functions()).expect("parses"));
    }
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(set), &world, &limits);
    assert_eq!(context.execute("a", &Value::Nil).expect("runs").to_string(), "two");
}

#[test]
fn texts_that_are_no_templates() {
    check("{{ if true }}x", "template: t:1: unexpected EOF");
    check("a\n{{ nope 1 }}", "template: t:2: function \"nope\" not defined");
    check("{{ .a-b }}", "template: t:1: bad character U+002D '-'");
    check("{{ /* x", "template: t:1: unexpected \"/\" in command");
    check("{{/* x", "template: t:1: unclosed comment");
    check("{{ \"a", "template: t:1: unterminated quoted string");
    check("{{\n\n(1", "template: t:3: unclosed action started at t:1");
    check("{{ 1 | 2 }}", "template: t:1: non executable command in pipeline stage 2");
    check("{{ end }}", "template: t:1: unexpected {{end}}");
    check("{{ else }}", "template: t:1: unexpected {{else}}");
    check("{{ if }}{{ end }}", "template: t:1: missing value for if");
}

fn deep(open: &str, middle: &str, close: &str, levels: usize) -> String {
    format!("{}{middle}{}", open.repeat(levels), close.repeat(levels))
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    assert_eq!(Rendering::default().render(&deep("{{if 1}}", "x", "{{end}}", 9_000)), Ok("x".into()));
    let parens = format!("{{{{ {} }}}}", deep("(", "1", ")", 9_000));
    assert_eq!(Rendering::default().render(&parens), Ok("1".into()));
    check(&deep("{{if 1}}", "x", "{{end}}", 20_000), "template: t:1: max control structure depth exceeded");
    check(
        &format!("{{{{ {} }}}}", deep("(", "1", ")", 20_000)),
        "template: t:1: max expression depth exceeded",
    );
    let chain = format!("{{{{ if false }}}}{}{{{{ end }}}}", "{{ else if false }}".repeat(9_000));
    assert_eq!(Rendering::default().render(&chain), Ok(String::new()));
    check("{{ $x := list }}{{ range until 100000 }}{{ $x = list $x }}{{ end }}{{ kindOf $x }}", "slice");
    check("{{ $x := dict }}{{ range until 100000 }}{{ $x = dict \"x\" $x }}{{ end }}{{ kindOf $x }}", "map");
}

#[test]
fn hostile_templates_end_in_a_named_error() {
    let stopped = |template: &str, by: &str| {
        let error = Rendering::default().render(template).expect_err(template);
        assert!(error.ends_with(by), "{template}: {}", &error[error.len().saturating_sub(200)..]);
    };
    let steps = "template budget spent: more than 2000000 steps";
    let bytes = "template budget spent: more than 67108864 bytes made";
    stopped("{{ range 1000000000000 }}{{ end }}", steps);
    stopped("{{ range 10000 }}{{ range 10000 }}{{ end }}{{ end }}", steps);
    stopped("{{ until 100000000000 }}", bytes);
    stopped("{{ repeat 100000000000 \"x\" }}", bytes);
    stopped("{{ $x := \"12345678\" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}", bytes);
    stopped("{{ $x := list 1 }}{{ range 100 }}{{ $x = concat $x $x }}{{ end }}", bytes);
    stopped("{{ $x := list 1 }}{{ range 100 }}{{ $x = list $x $x }}{{ end }}{{ $x }}", bytes);
    stopped("{{ $x := list 1 }}{{ range 100 }}{{ $x = list $x $x }}{{ end }}{{ deepCopy $x }}", steps);
    stopped(
        "{{ range 1000000 }}0123456789012345678901234567890123456789012345678901234567890123456789{{ end }}",
        bytes,
    );
    stopped("{{ printf \"%1000000d\" 1 | repeat 1000 }}", bytes);
    stopped("{{ uniq (until 100000) }}", steps);
    stopped(
        "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
        "nested deeper than 10000",
    );
    stopped(
        "{{ define \"r\" }}{{ include \"r\" . }}{{ end }}{{ include \"r\" . }}",
        "nested deeper than 10000",
    );
}

#[test]
fn errors_keep_their_places_and_causes() {
    let parsed = Parsed::parse("t", "{{ include \"t\" . }}", &functions()).expect("parses");
    let mut set = TemplateSet::new("set");
    set.add(&parsed);
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(set), &world, &limits);
    let error: Box<ExecError> = context.execute_template(parsed.main(), &Value::Nil).expect_err("endless");
    assert_eq!(error.spent(), Some(&Exhausted::Depth { limit: 10_000 }));
    assert_eq!(error.frames().count(), 10_001);
    let Some(Frame::At { location, call, .. }) = error.frames().next() else { panic!("no place") };
    assert_eq!((location.as_str(), call.as_deref()), ("t:1:3", Some("include")));
}

#[test]
fn maps_that_hold_themselves_are_freed() {
    let map = Map::new();
    {
        let (world, limits) = (StillWorld::default(), Limits::default());
        let mut context = Context::new(Arc::new(TemplateSet::new("set")), &world, &limits);
        context.set_entry(&map, "self".into(), Value::Map(map.clone())).expect("not nil");
        assert_eq!(map.len(), 1);
    }
    assert_eq!(map.len(), 0);
}

#[test]
fn parsed_templates_are_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Parsed>();
    shared::<TemplateSet>();
    shared::<FunctionSet>();
    assert!(size_of::<Value>() <= 24, "values stay small");
}

/// Text that often comes close to being a template.
fn template_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{"),
        Just("}}"),
        Just("{{- "),
        Just(" -}}"),
        Just("if "),
        Just("range "),
        Just("with "),
        Just("else "),
        Just("end"),
        Just("define \"a\""),
        Just("template \"a\" "),
        Just("block \"b\" ."),
        Just("break"),
        Just("/*"),
        Just("*/"),
        Just("("),
        Just(")"),
        Just("|"),
        Just("$x "),
        Just(":= "),
        Just("= "),
        Just(", "),
        Just(".m.b "),
        Just(". "),
        Just("\"str\" "),
        Just("`raw` "),
        Just("'c' "),
        Just("1.5e3 "),
        Just("0x1p-2 "),
        Just("nil "),
        Just("printf \"%5.2v\" "),
        Just("list 1 2 "),
        Just("upper "),
        Just("and "),
        Just("tpl \"{{ . }}\" . "),
        Just("include \"a\" . "),
        Just(" "),
        Just("\n"),
        Just("é"),
        Just("set .m \"x\" .m "),
        Just("\\"),
    ];
    prop::collection::vec(prop_oneof![9 => piece.prop_map(str::to_string), 1 => ".{0,3}"], 0..40).prop_map(
        |pieces| {
            pieces.into_iter().fold(String::new(), |mut text, piece| {
                let _ = write!(text, "{piece}");
                text
            })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_renders_or_is_refused(text in template_like()) {
        let rendering = Rendering { limits: Limits::new(20_000, 1 << 20), ..Rendering::default() };
        let _ = rendering.render(&text);
    }

    #[test]
    fn any_format_prints(format in "(%[-+# 0]{0,2}[0-9*]{0,3}(\\.[0-9*]{0,2})?(\\[[0-9]\\])?[a-zA-Z%é]|.){0,6}") {
        let values = [Value::Int(1), Value::Float(2.5), data()];
        let _ = gotemplate::fmt::sprintf(format.as_bytes(), &values);
    }

    #[test]
    fn any_bytes_are_refused_or_parsed(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let text = [b"{{ ".as_slice(), &bytes, b" }}"].concat();
        let _ = Parsed::parse("t", text, &functions());
    }
}
