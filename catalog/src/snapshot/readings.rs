//! Words in which a character is not read as it mostly is.

/// Word and the initials of its reading. Longer words stand before those that they begin with. The list holds what
/// names of service items and places in Guangdong need.
pub(super) const READINGS: &[(&str, &str)] = &[
    ("重庆", "cq"),
    ("重新", "cx"),
    ("重建", "cj"),
    ("重复", "cf"),
    ("重组", "cz"),
    ("银行", "yh"),
    ("行业", "hy"),
    ("商行", "sh"),
    ("会计", "kj"),
    ("厦门", "xm"),
    ("番禺", "py"),
    ("大埔", "db"),
    ("校准", "jz"),
    ("校验", "jy"),
    ("调整", "tz"),
    ("调试", "ts"),
    ("调节", "tj"),
    ("调解", "tj"),
    ("协调", "xt"),
    ("音乐", "yy"),
    ("乐器", "yq"),
    ("给付", "jf"),
    ("供给", "gj"),
    ("给水", "js"),
    ("率", "l"),
];
