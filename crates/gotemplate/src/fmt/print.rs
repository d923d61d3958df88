//! Which text a value gets for a verb.

use super::{MAX_DEPTH, Printer, flags};
use crate::budget::Exhausted;
use crate::complex::Complex;
use crate::{Kind, Object, Value};

impl Printer {
    /// An argument of a print function.
    pub(super) fn print_arg(&mut self, value: &Value, verb: char) {
        match (verb, value) {
            ('T' | 'v', Value::Nil | Value::NilInterface) => self.pad(b"<nil>"),
            ('T', _) => {
                let go_type = value.go_type();
                self.string(go_type.as_bytes(), 's');
            }
            ('w', _) => self.bad_verb(value, verb),
            ('p', Value::List(_) | Value::Map(_) | Value::Bytes(_) | Value::Function(_)) => self.address(),
            _ => self.print_value(value, verb, 0),
        }
    }

    /// An object that an action ends in.
    pub(super) fn shown_object(&mut self, object: &dyn Object) {
        match object.shown() {
            Some(text) => self.out.extend_from_slice(text.as_bytes()),
            None if object.kind() == Kind::Ptr => self.fields(object, 'v', 0),
            None => {
                self.object(object, 'v', 0);
            }
        }
    }

    fn print_value(&mut self, value: &Value, verb: char, depth: usize) {
        if depth > MAX_DEPTH {
            self.out.extend_from_slice(b"<nested too deep>");
            self.exhausted.get_or_insert(Exhausted::Depth { limit: MAX_DEPTH });
        }
        if !self.has_room(0) {
            return;
        }
        let known = match value {
            Value::Nil | Value::NilInterface if depth > 0 => {
                self.nil_element();
                true
            }
            Value::Nil | Value::NilInterface => false,
            Value::Bool(truth) => self.boolean(*truth, verb),
            Value::Int(number) | Value::Int64(number) => self.integer(*number as u64, true, verb),
            Value::Sized(kind, bits) => self.integer(*bits, kind.signed(), verb),
            Value::Float(number) => self.float(*number, verb),
            Value::Str(text) => self.string(text.as_bytes(), verb),
            Value::Bytes(bytes) => self.bytes(bytes, verb),
            Value::List(list) => {
                self.list(list.list_type().go_type, list.is_nil(), list.items(), verb, depth);
                true
            }
            Value::Map(map) => {
                self.map(map, verb, depth);
                true
            }
            Value::Object(object) => self.object(&**object, verb, depth),
            Value::Function(_) => self.pointer(verb),
        };
        if !known {
            self.bad_verb(value, verb);
        }
    }

    /// `%!verb(type=value)`
    fn bad_verb(&mut self, value: &Value, verb: char) {
        self.erroring = true;
        self.out.extend_from_slice(b"%!");
        self.push_char(verb);
        self.out.push(b'(');
        if value.is_nil() {
            self.out.extend_from_slice(b"<nil>");
        } else {
            self.out.extend_from_slice(value.go_type().as_bytes());
            self.out.push(b'=');
            self.print_value(value, 'v', 0);
        }
        self.out.push(b')');
        self.erroring = false;
    }

    /// Where something is in Go's memory. It differs from run to run there, so here it is always the same.
    fn address(&mut self) {
        let sharp = self.flags.sharp;
        self.flags.sharp = !sharp;
        self.integer(0xc0_0000_0000, false, 'x');
        self.flags.sharp = sharp;
    }

    /// What is printed as an address; other verbs than those of integers are refused.
    fn pointer(&mut self, verb: char) -> bool {
        let known = matches!(verb, 'v' | 'p' | 'b' | 'o' | 'd' | 'x' | 'X');
        if known {
            self.address();
        }
        known
    }

    fn complex(&mut self, number: Complex, verb: char) -> bool {
        let known = matches!(verb, 'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E');
        if known {
            let plus = self.flags.plus;
            self.out.push(b'(');
            self.float(number.real, verb);
            self.flags.plus = true;
            self.float(number.imaginary, verb);
            self.out.extend_from_slice(b"i)");
            self.flags.plus = plus;
        }
        known
    }

    fn boolean(&mut self, truth: bool, verb: char) -> bool {
        let known = matches!(verb, 't' | 'v');
        if known {
            self.pad(if truth { b"true" } else { b"false" });
        }
        known
    }

    /// nil inside a list or map, where every verb prints it alike.
    fn nil_element(&mut self) {
        self.out.extend_from_slice(if self.flags.sharp_v { b"interface {}(nil)" } else { b"<nil>" });
    }

    fn bytes(&mut self, bytes: &[u8], verb: char) -> bool {
        match verb {
            'v' | 'd' => {
                let (open, separator, close) = self.brackets("[]byte");
                self.out.extend_from_slice(&open);
                for (at, byte) in bytes.iter().enumerate() {
                    if at > 0 {
                        self.out.extend_from_slice(separator);
                    }
                    self.integer(u64::from(*byte), false, if self.flags.sharp_v { 'v' } else { 'd' });
                }
                self.out.push(close);
                true
            }
            's' => self.string(bytes, 's'),
            'x' => {
                self.hex(bytes, flags::lower());
                true
            }
            'X' => {
                self.hex(bytes, flags::upper());
                true
            }
            'q' => {
                self.quoted(bytes);
                true
            }
            _ => {
                self.out.push(b'[');
                for (at, byte) in bytes.iter().enumerate() {
                    if at > 0 {
                        self.out.push(b' ');
                    }
                    self.print_value(&Value::Sized(crate::IntKind::Uint8, u64::from(*byte)), verb, 1);
                }
                self.out.push(b']');
                true
            }
        }
    }

    fn list(&mut self, go_type: &str, nil: bool, items: &[Value], verb: char, depth: usize) {
        if self.flags.sharp_v && nil {
            self.out.extend_from_slice(go_type.as_bytes());
            self.out.extend_from_slice(b"(nil)");
            return;
        }
        let (open, separator, close) = self.brackets(go_type);
        self.out.extend_from_slice(&open);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(separator);
            }
            self.print_value(item, verb, depth + 1);
        }
        self.out.push(close);
    }

    fn map(&mut self, map: &crate::Map, verb: char, depth: usize) {
        let go_type = map.map_type().go_type;
        if self.flags.sharp_v && map.is_nil() {
            self.out.extend_from_slice(go_type.as_bytes());
            self.out.extend_from_slice(b"(nil)");
            return;
        }
        let (open, separator, close) = self.brackets(go_type);
        self.out.extend_from_slice(if self.flags.sharp_v { &open } else { b"map[" });
        for (at, (key, value)) in map.entries().iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(separator);
            }
            if !self.string(key.as_bytes(), verb) {
                self.bad_verb(&Value::Str(key.clone()), verb);
            }
            self.out.push(b':');
            self.print_value(value, verb, depth + 1);
        }
        self.out.push(close);
    }

    fn brackets(&self, go_type: &str) -> (Vec<u8>, &'static [u8], u8) {
        if self.flags.sharp_v {
            (format!("{go_type}{{").into_bytes(), b", ", b'}')
        } else {
            (b"[".to_vec(), b" ", b']')
        }
    }

    fn object(&mut self, object: &dyn Object, verb: char, depth: usize) -> bool {
        let asks_methods =
            !self.erroring && !self.flags.sharp_v && matches!(verb, 'v' | 's' | 'x' | 'X' | 'q');
        if let Some(text) = asks_methods.then(|| object.text()).flatten() {
            return self.string(text.as_bytes(), verb);
        }
        if let Some(text) = (!self.erroring && self.flags.sharp_v).then(|| object.go_string()).flatten() {
            self.out.extend_from_slice(text.as_bytes());
            return true;
        }
        if let Some(number) = object.as_any().downcast_ref::<Complex>() {
            return self.complex(*number, verb);
        }
        match object.kind() {
            Kind::Struct => {
                self.fields(object, verb, depth);
                true
            }
            Kind::Ptr if depth == 0 => {
                self.out.push(b'&');
                self.fields(object, verb, depth);
                true
            }
            Kind::Ptr => self.pointer(verb),
            _ => {
                // A named basic type is printed as what it is made of.
                if let Some(plain) = object.plain() {
                    self.print_value(&plain, verb, depth + 1);
                }
                true
            }
        }
    }

    fn fields(&mut self, object: &dyn Object, verb: char, depth: usize) {
        if self.flags.sharp_v {
            self.out.extend_from_slice(object.go_type().trim_start_matches('*').as_bytes());
        }
        self.out.push(b'{');
        for (at, (name, value)) in object.printed_fields().iter().enumerate() {
            if at > 0 {
                self.out.extend_from_slice(if self.flags.sharp_v { b", " } else { b" " });
            }
            if self.flags.plus_v || self.flags.sharp_v {
                self.out.extend_from_slice(name.as_bytes());
                self.out.push(b':');
            }
            self.print_value(value, verb, depth + 1);
        }
        self.out.push(b'}');
    }
}
