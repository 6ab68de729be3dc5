use super::support::*;
#[test]
fn t() { definition("gd-explosives"); }
#[test]
fn t2() { definition("zhuhai-platform"); }
#[test]
fn t3() { definition("national-radio"); }
