//! Template values out to YAML and JSON, and YAML in.

use std::rc::Rc;

use data_encoding::BASE64;
use gotemplate::{Kind, List, Map, Str, Value as Live};
use goyaml::{Builder, Node, Scalar, View};

/// A template value as encoders see it. Clones of values are cheap, so children are held, not borrowed.
pub(crate) struct Plain(pub(crate) Live);

impl Node for Plain {
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R {
        match &self.0 {
            Live::Map(map) if !map.is_nil() => {
                let entries: Vec<(Str, Plain)> =
                    map.entries().iter().map(|(key, value)| (key.clone(), Plain(value.clone()))).collect();
                see(View::Mapping(&mut entries.iter().map(|(key, value)| (text(key), value))))
            }
            Live::List(list) if !list.is_nil() => {
                let items: Vec<Plain> = list.items().iter().cloned().map(Plain).collect();
                see(View::Sequence(&mut items.iter()))
            }
            Live::Object(object) => match object.plain() {
                Some(plain) => Plain(plain).view(see),
                None if object.kind() == Kind::Complex128 => see(View::Scalar(REFUSED)),
                None => {
                    let fields: Vec<(Str, Plain)> =
                        object.json_fields().into_iter().map(|(name, value)| (name, Plain(value))).collect();
                    see(View::Struct(&mut fields.iter().map(|(name, value)| (text(name), value))))
                }
            },
            Live::Bytes(bytes) => see(View::Scalar(Scalar::String(BASE64.encode(bytes).into()))),
            Live::Str(value) => see(string(value)),
            other => see(View::Scalar(scalar(other))),
        }
    }
}

/// A template value as go-yaml v3 sees it without the way through JSON: what is nil but has a type is empty, moments
/// have a form of their own, and fields of structs go by names in lower case.
pub(crate) struct Direct(pub(crate) Live);

impl Node for Direct {
    fn view<R>(&self, see: impl FnOnce(View<'_, Self>) -> R) -> R {
        match &self.0 {
            Live::Map(map) => {
                let entries: Vec<(Str, Direct)> =
                    map.entries().iter().map(|(key, value)| (key.clone(), Direct(value.clone()))).collect();
                see(View::Mapping(&mut entries.iter().map(|(key, value)| (text(key), value))))
            }
            Live::List(list) => {
                let items: Vec<Direct> = list.items().iter().cloned().map(Direct).collect();
                see(View::Sequence(&mut items.iter()))
            }
            Live::Object(object) => match object.plain() {
                Some(Live::Str(moment)) if object.go_type() == "time.Time" => {
                    see(View::Scalar(Scalar::Timestamp(moment.to_text())))
                }
                Some(plain @ Live::Str(_)) => Direct(plain).view(see),
                _ => {
                    let fields = object.fields().into_iter();
                    let fields: Vec<(String, Direct)> =
                        fields.map(|(name, value)| (name.to_lowercase(), Direct(value))).collect();
                    let mut fields =
                        fields.iter().map(|(name, value)| (Scalar::String(name.as_str().into()), value));
                    see(View::Mapping(&mut fields))
                }
            },
            Live::Str(value) => see(string(value)),
            Live::Bytes(_) => Plain(self.0.clone()).view(|view| match view {
                View::Scalar(scalar) => see(View::Scalar(scalar)),
                View::Bytes(_) | View::Sequence(_) | View::Mapping(_) | View::Struct(_) => {
                    see(View::Scalar(Scalar::Null))
                }
            }),
            other => see(View::Scalar(scalar(other))),
        }
    }
}

fn string<N>(value: &Str) -> View<'_, N> {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => View::Scalar(Scalar::text(text)),
        Err(_) => View::Bytes(value.as_bytes()),
    }
}

fn text(text: &Str) -> Scalar<'_> {
    Scalar::String(text.to_text())
}

/// What no encoder takes, for values that none takes: functions and complex numbers.
const REFUSED: Scalar<'static> = Scalar::Float(f64::NAN);

fn scalar(value: &Live) -> Scalar<'static> {
    match value {
        Live::Bool(flag) => Scalar::Bool(*flag),
        Live::Float(number) => Scalar::Float(*number),
        Live::Function(_) => REFUSED,
        Live::Sized(_, bits) => value.as_integer().map_or(Scalar::Uint(*bits), Scalar::Int),
        other => other.as_integer().map_or(Scalar::Null, Scalar::Int),
    }
}

/// Builds template values out of YAML; every number is a float.
pub(crate) struct LiveBuilder;

impl Builder for LiveBuilder {
    type Value = Live;
    type Sequence = Vec<Live>;
    type Mapping = Vec<(Str, Live)>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Live {
        match scalar {
            Scalar::Null => Live::Nil,
            Scalar::Bool(flag) => Live::Bool(flag),
            Scalar::Int(number) => Live::Float(number as f64),
            Scalar::Uint(number) => Live::Float(number as f64),
            Scalar::Float(number) => Live::Float(number),
            Scalar::String(text) | Scalar::Timestamp(text) => Live::Str(Str::from(text)),
        }
    }

    fn sequence(&mut self) -> Vec<Live> {
        Vec::new()
    }

    fn push(&mut self, sequence: &mut Vec<Live>, item: Live) {
        sequence.push(item);
    }

    fn finish_sequence(&mut self, sequence: Vec<Live>) -> Live {
        Live::List(List::new(sequence))
    }

    fn mapping(&mut self) -> Self::Mapping {
        Vec::new()
    }

    fn insert(&mut self, mapping: &mut Self::Mapping, key: Scalar<'_>, value: Live) {
        if let Scalar::String(key) = key {
            mapping.push((Str::from(key), value));
        }
    }

    fn contains(&self, mapping: &Self::Mapping, key: &Scalar<'_>) -> bool {
        matches!(key, Scalar::String(key) if mapping.iter().any(|(known, _)| *known == **key))
    }

    fn finish_mapping(&mut self, mapping: Self::Mapping) -> Live {
        Live::Map(Map::from_entries(mapping))
    }
}

/// The bytes as Go's `[]uint8`.
pub(crate) fn bytes(data: &[u8]) -> Live {
    Live::Bytes(Rc::from(data))
}
