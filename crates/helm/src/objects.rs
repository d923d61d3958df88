//! The Go structs among the objects that templates see.

use std::any::Any;

use gotemplate::functions::Arguments;
use gotemplate::{
    Context, Element, FunctionError, Kind, List, ListType, Method, Object, Param, Str, Value as Live,
};

use crate::HelmVersion;
use crate::capabilities::{Capabilities, KubeVersion};
use crate::dependencies::ChartNode;
use crate::scope::metadata_fields;

/// `.Capabilities`
pub(crate) struct CapabilitiesObject {
    version: HelmVersion,
    kube_version: Live,
    api_versions: Live,
    helm_version: Live,
}

static VERSION_SET: ListType =
    ListType { go_type: "common.VersionSet", element: Element::Text, methods: VERSION_SET_METHODS };
static VERSION_SET_3: ListType =
    ListType { go_type: "chartutil.VersionSet", element: Element::Text, methods: VERSION_SET_METHODS };

const VERSION_SET_METHODS: &[Method] =
    &[Method { name: "Has", params: &[Param::Str], variadic: false, call: has }];

fn has(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let wanted = args.text(1)?;
    let versions = args.list(0)?.items();
    context.spend_steps(versions.len() as u64 / 16)?;
    Ok(Live::Bool(versions.iter().any(|version| version.as_str() == Some(wanted))))
}

impl CapabilitiesObject {
    pub(crate) fn new(capabilities: &Capabilities, version: HelmVersion) -> Self {
        let texts = capabilities.api_versions.iter().map(|text| Live::str(text.as_str())).collect();
        let list_type = match version {
            HelmVersion::V3 => &VERSION_SET_3,
            HelmVersion::V4 => &VERSION_SET,
        };
        let mut kube = capabilities.kube_version.clone();
        if version == HelmVersion::V3 {
            // 3.19 forgets what comes after the patch number, such as -gke.1.
            kube.version = kube.normalized.clone();
        }
        Self {
            version,
            kube_version: Live::object(KubeVersionObject { version, kube }),
            api_versions: Live::List(List::typed(texts, list_type)),
            helm_version: Live::object(HelmVersionObject(version)),
        }
    }
}

impl Object for CapabilitiesObject {
    fn go_type(&self) -> &'static str {
        match self.version {
            HelmVersion::V3 => "*chartutil.Capabilities",
            HelmVersion::V4 => "*common.Capabilities",
        }
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, name: &str) -> Option<Live> {
        match name {
            "KubeVersion" => Some(self.kube_version.clone()),
            "APIVersions" => Some(self.api_versions.clone()),
            "HelmVersion" => Some(self.helm_version.clone()),
            _ => None,
        }
    }

    fn fields(&self) -> Vec<(&'static str, Live)> {
        vec![
            ("KubeVersion", self.kube_version.clone()),
            ("APIVersions", self.api_versions.clone()),
            ("HelmVersion", self.helm_version.clone()),
        ]
    }

    fn equals(&self, other: &dyn Object) -> bool {
        std::ptr::addr_eq(self, other)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.KubeVersion`
struct KubeVersionObject {
    version: HelmVersion,
    kube: KubeVersion,
}

const KUBE_VERSION_METHODS: &[Method] = &[
    Method { name: "String", params: &[], variadic: false, call: kube_text },
    Method { name: "GitVersion", params: &[], variadic: false, call: git_version },
];

fn kube_text(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let text = args.any(0).as_object::<KubeVersionObject>().and_then(Object::shown);
    Ok(Live::str(text.unwrap_or_default()))
}

fn git_version(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let version = args.any(0).as_object::<KubeVersionObject>().map(|object| object.kube.version.as_str());
    Ok(Live::str(version.unwrap_or_default()))
}

impl Object for KubeVersionObject {
    fn go_type(&self) -> &'static str {
        match self.version {
            HelmVersion::V3 => "chartutil.KubeVersion",
            HelmVersion::V4 => "common.KubeVersion",
        }
    }

    fn field(&self, name: &str) -> Option<Live> {
        self.fields().into_iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    fn fields(&self) -> Vec<(&'static str, Live)> {
        let KubeVersion { version, normalized: _, major, minor } = &self.kube;
        vec![
            ("Version", Live::str(version.as_str())),
            ("Major", Live::str(major.as_str())),
            ("Minor", Live::str(minor.as_str())),
        ]
    }

    fn printed_fields(&self) -> Vec<(&'static str, Live)> {
        let mut fields = self.fields();
        if self.version == HelmVersion::V4 {
            fields.insert(1, ("normalizedVersion", Live::str(self.kube.normalized.as_str())));
        }
        fields
    }

    fn methods(&self) -> &'static [Method] {
        KUBE_VERSION_METHODS
    }

    /// Go's `String` wants a pointer: an action that prints the version finds one, functions do not.
    fn shown(&self) -> Option<String> {
        Some(self.kube.normalized.clone())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.kube == self.kube)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Capabilities.HelmVersion`
struct HelmVersionObject(HelmVersion);

impl Object for HelmVersionObject {
    fn go_type(&self) -> &'static str {
        "version.BuildInfo"
    }

    fn field(&self, name: &str) -> Option<Live> {
        self.fields().into_iter().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    fn fields(&self) -> Vec<(&'static str, Live)> {
        let (version, client) = match self.0 {
            HelmVersion::V3 => ("v3.19.4", None),
            HelmVersion::V4 => ("v4.2.4", Some("v1.36")),
        };
        let mut fields = vec![
            ("Version", Live::str(version)),
            ("GitCommit", Live::str("")),
            ("GitTreeState", Live::str("")),
            ("GoVersion", Live::str("go1.26")),
        ];
        fields.extend(client.map(|client| ("KubeClientVersion", Live::str(client))));
        fields
    }

    fn json_fields(&self) -> Vec<(Str, Live)> {
        let key = |name: &str| match name {
            "Version" => "version",
            "GoVersion" => "go_version",
            _ => "kube_client_version",
        };
        let set = self.fields().into_iter().filter(|(_, value)| value.truth());
        set.map(|(name, value)| (key(name).into(), value)).collect()
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| other.0 == self.0)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `.Chart` as version 3 has it: a struct, where a field that does not exist is a mistake.
pub(crate) struct MetadataObject {
    fields: Vec<(&'static str, Live)>,
}

impl MetadataObject {
    pub(crate) fn new(node: &ChartNode, root: bool) -> Self {
        let mut fields = metadata_fields(node);
        for (name, value) in &mut fields {
            match *name {
                "Maintainers" => *value = structs(value, &MAINTAINERS, &MAINTAINER),
                "Dependencies" => *value = structs(value, &DEPENDENCIES, &DEPENDENCY),
                _ => {}
            }
        }
        fields.push(("IsRoot", Live::Bool(root)));
        Self { fields }
    }
}

/// A struct within Chart.yaml: its fields in the order of their declaration.
struct StructType {
    go_type: &'static str,
    fields: &'static [FieldType],
}

struct FieldType {
    name: &'static str,
    json: &'static str,
    /// Whether JSON has it though it is empty.
    always: bool,
}

const fn field(name: &'static str, json: &'static str) -> FieldType {
    FieldType { name, json, always: false }
}

static MAINTAINERS: ListType = pointers("[]*chart.Maintainer", "*chart.Maintainer");
static DEPENDENCIES: ListType = pointers("[]*chart.Dependency", "*chart.Dependency");

const fn pointers(go_type: &'static str, element: &'static str) -> ListType {
    ListType { go_type, element: Element::Named(element), methods: &[] }
}

static MAINTAINER: StructType = StructType {
    go_type: "*chart.Maintainer",
    fields: &[field("Name", "name"), field("Email", "email"), field("URL", "url")],
};

static DEPENDENCY: StructType = StructType {
    go_type: "*chart.Dependency",
    fields: &[
        FieldType { always: true, ..field("Name", "name") },
        field("Version", "version"),
        FieldType { always: true, ..field("Repository", "repository") },
        field("Condition", "condition"),
        field("Tags", "tags"),
        field("Enabled", "enabled"),
        field("ImportValues", "import-values"),
        field("Alias", "alias"),
    ],
};

/// The maps of a list as structs.
fn structs(list: &Live, list_type: &'static ListType, item_type: &'static StructType) -> Live {
    let Live::List(list) = list else { return list.clone() };
    let items = list.items().iter().map(|item| match item {
        Live::Map(map) => {
            let fields = item_type.fields.iter().map(|field| map.get(field.name).unwrap_or(Live::Nil));
            Live::object(StructObject { item_type, fields: fields.collect() })
        }
        other => other.clone(),
    });
    Live::List(List::typed(items.collect(), list_type))
}

struct StructObject {
    item_type: &'static StructType,
    fields: Vec<Live>,
}

impl Object for StructObject {
    fn go_type(&self) -> &'static str {
        self.item_type.go_type
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn field(&self, name: &str) -> Option<Live> {
        let at = self.item_type.fields.iter().position(|field| field.name == name)?;
        Some(self.fields[at].clone())
    }

    fn fields(&self) -> Vec<(&'static str, Live)> {
        self.item_type
            .fields
            .iter()
            .zip(&self.fields)
            .map(|(field, value)| (field.name, value.clone()))
            .collect()
    }

    fn json_fields(&self) -> Vec<(Str, Live)> {
        let fields = self.item_type.fields.iter().zip(&self.fields);
        let set = fields.filter(|(field, value)| field.always || value.truth());
        set.map(|(field, value)| (field.json.into(), value.clone())).collect()
    }

    fn equals(&self, other: &dyn Object) -> bool {
        std::ptr::addr_eq(self, other)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Object for MetadataObject {
    fn go_type(&self) -> &'static str {
        "struct { chart.Metadata; IsRoot bool }"
    }

    fn field(&self, name: &str) -> Option<Live> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.clone())
    }

    fn fields(&self) -> Vec<(&'static str, Live)> {
        self.fields.clone()
    }

    fn json_fields(&self) -> Vec<(Str, Live)> {
        let json_name = |name: &str| match name {
            "APIVersion" => "apiVersion".to_owned(),
            "IsRoot" => "IsRoot".to_owned(),
            name => name[..1].to_lowercase() + &name[1..],
        };
        let set = self.fields.iter().filter(|(name, value)| *name == "IsRoot" || value.truth());
        set.map(|(name, value)| (Str::from(json_name(name)), value.clone())).collect()
    }

    fn equals(&self, other: &dyn Object) -> bool {
        std::ptr::addr_eq(self, other)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
