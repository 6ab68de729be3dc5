#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
#![allow(clippy::disallowed_methods, reason = "these tests measure real time")]
use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};

const NAMES: &[&str] = &["form", "case", "materials", "applicant"];

fn data() -> Data {
    let mut tables = CodeTables::default();
    let mut entries = BTreeMap::new();
    entries.insert("0".to_owned(), CodeEntry::Word("granted".to_owned()));
    let computed = Expression::compile_entry(
        "'withdrawn' if case.withdrawal_requested else 'void'",
        NAMES,
    )
    .unwrap();
    entries.insert("2".to_owned(), CodeEntry::Computed(Box::new(computed)));
    tables.insert("result".to_owned(), entries);
    Data::new(Arc::new(tables))
        .with("form", &json!({"amount": "19.99", "list": [1, 2, 3], "big": "x".repeat(100_000), "none": "无", "code": "0"}))
        .with("case", &json!({"submitted_at": "2017-06-05T01:30:00Z", "withdrawal_requested": true}))
        .with("materials", &json!([{"name": "甲"}, {"name": "乙"}]))
        .with("applicant", &json!({"name": "张三", "phone": "138"}))
}

fn eval(source: &str) -> Result<Value, EvaluationError> {
    Expression::compile(source, NAMES)
        .unwrap_or_else(|fault| panic!("{source}: {fault}"))
        .evaluate(&data())
}

#[test]
fn an_engineer_writes_what_the_decision_promises() {
    assert_eq!(
        eval("form.amount | float | times(100) | int"),
        Ok(json!(1999))
    );
    assert_eq!(
        eval("applicant.name ~ '（' ~ applicant.phone ~ '）'"),
        Ok(json!("张三（138）"))
    );
    assert_eq!(eval("form.code | code('result')"), Ok(json!("granted")));
    assert_eq!(
        eval("materials | map(attribute='name') | join(';')"),
        Ok(json!("甲;乙"))
    );
    assert_eq!(eval("form.none | none_text"), Ok(json!("")));
    assert_eq!(
        eval("case.submitted_at | date('%Y-%-m-%-d %-H:%M:%S')"),
        Ok(json!("2017-6-5 9:30:00"))
    );
    assert_eq!(eval("'a;b' | split(';')"), Ok(json!(["a", "b"])));
    assert_eq!(eval("form.missing | default('x')"), Ok(json!("x")));
    assert_eq!(eval("'2:重复' is startingwith('2:')"), Ok(json!(true)));
    assert_eq!(eval("'2:重复' | after(':')"), Ok(json!("重复")));
    assert_eq!(eval("'1' in ['1', '2'] and not (1 == 2)"), Ok(json!(true)));
}

#[test]
fn a_missing_value_is_an_error_and_never_empty() {
    assert_eq!(eval("form.missing"), Err(EvaluationError::Missing));
    assert_eq!(
        eval("form.missing | none_text"),
        Err(EvaluationError::Missing)
    );
    assert_eq!(eval("form.missing ~ 'x'"), Err(EvaluationError::Missing));
    assert_eq!(
        eval("form.missing | code('result')"),
        Err(EvaluationError::Missing)
    );
}

#[test]
fn code_tables_are_total_and_an_unknown_code_is_quoted() {
    let error = eval("'7' | code('result')").unwrap_err();
    assert_eq!(
        error,
        EvaluationError::UnknownCode {
            table: "result".into(),
            code: "`7`".into()
        }
    );
    let personal = eval("applicant.name | code('result')").unwrap_err();
    assert!(!personal.to_string().contains("张三"));
    let number = eval("'11010519491231002X' | code('result')").unwrap_err();
    assert!(!number.to_string().contains("1949"));
}

#[test]
fn an_entry_may_depend_on_the_case() {
    assert_eq!(eval("'2' | code('result')"), Ok(json!("withdrawn")));
}

#[test]
fn what_is_not_there_is_told_at_check_time() {
    for source in [
        "range(10)",
        "form.items()",
        "debug()",
        "form.list * 2",
        "2 ** 3",
        "form | pprint",
        "form | tojson",
        "x.y",
        "_tables",
        "form is divisibleby(2)",
        "'open",
        "",
        "form.",
        "1 +",
        "form | code(form.x)",
        "{% for x in y %}",
        "namespace()",
        "self.x",
        "loop.index",
        "form | unknown",
        "cycler('a')",
        "lipsum()",
        "[x for x in form.list]",
    ] {
        assert!(Expression::compile(source, NAMES).is_err(), "{source}");
    }
    assert!(Expression::compile_entry("form.x | code('result')", NAMES).is_err());
    assert!(Expression::compile(&format!("'{}'", "x".repeat(SOURCE_MAX)), NAMES).is_err());
    assert!(Expression::compile("'a * b'", NAMES).is_ok());
}

/// In a debug build.
const BOUND: Duration = Duration::from_millis(200);

/// Each is refused or done, at once: the attacks of dependencies 2.1 and what they led to.
#[test]
fn hostile_expressions_are_refused_or_done_at_once() {
    let doubling =
        |times: usize| format!("'aaaaaaaaaa'{}", "|replace('a','aaaaaaaaaa')".repeat(times));
    let joined = |times: usize| format!("'aaaaaaaaaa'{}", "|join('bbbbbbbbbb')".repeat(times));
    let big = ["form.big"; 150].join(" ~ ");
    let lists = format!("[{}]", ["form.big"; 150].join(","));
    let nested = format!("{}1{}", "[".repeat(900), "]".repeat(900));
    let brackets = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
    let nots = format!("{}true", "not ".repeat(500));
    let minus = format!("{}1", "-".repeat(1500));
    let ternaries = format!("1{}", " if 1 else 1".repeat(150));
    let dots = format!("form{}", ".a".repeat(900));
    let indexes = format!("form{}", "[0]".repeat(600));
    let attacks = [
        "[0] * 90000000".to_owned(),
        "'x' * 1000000000".to_owned(),
        "range(1000000000)".to_owned(),
        "([0] * 90000000) | string".to_owned(),
        "9223372036854775807 + 9223372036854775807".to_owned(),
        "170141183460469231731687303715884105727 + 1".to_owned(),
        "-170141183460469231731687303715884105727 - 2".to_owned(),
        "1 / 0".to_owned(),
        "1 // 0".to_owned(),
        "1 % 0".to_owned(),
        "1.0e308 | times(1.0e308)".to_owned(),
        "9223372036854775807 | times(2)".to_owned(),
        "'abc'[0:999999999999]".to_owned(),
        "form.big[::-1][::-1] | string | upper | lower".to_owned(),
        "form.big | split('') | join('yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')"
            .to_owned(),
        "form.big | map('string') | map('upper') | join(form.big)".to_owned(),
        "form.big | replace('', form.big)".to_owned(),
        "form.big | replace('x', form.big)".to_owned(),
        "case.submitted_at | date('%99999999999Y')".to_owned(),
        "form.list | map('map', 'map', 'map')".to_owned(),
        "form.list | map('replace', 'a', form.big)".to_owned(),
        "form.list | map(attribute='a.b.c.d') | join".to_owned(),
        "form == form and form.big == form.big and form in [form, form]".to_owned(),
        "'\\u0000' ~ '\\ud800'".to_owned(),
        "form.big | int".to_owned(),
        "form.big | float".to_owned(),
        "form.list | map('code', 'result')".to_owned(),
        doubling(9),
        joined(60),
        big,
        lists,
        nested,
        brackets,
        nots,
        minus,
        ternaries,
        dots,
        indexes,
    ];
    let data = data();
    for attack in attacks {
        let mut taken = Duration::MAX;
        let mut outcome = None;
        // The quickest of a few tries: the machine may be busy with other tests, the attack must not be what takes long.
        for _ in 0..5 {
            let start = Instant::now();
            let found = Expression::compile(&attack, NAMES)
                .map(|expression| expression.evaluate(&data).map(|v| v.to_string().len()));
            taken = taken.min(start.elapsed());
            outcome = Some(found);
            if taken < BOUND {
                break;
            }
        }
        assert!(taken < BOUND, "{attack:.60} took {taken:?}: {outcome:?}");
        if let Some(Ok(Ok(size))) = outcome {
            assert!(size < 8 * RESULT_BYTES_MAX, "{attack:.60}");
        }
    }
}

#[test]
fn a_result_beyond_its_bounds_is_refused() {
    let big = Data::new(Arc::default()).with(
        "form",
        &json!({"list": vec![0; RESULT_NODES_MAX], "text": "x".repeat(RESULT_BYTES_MAX + 1)}),
    );
    let evaluate = |source: &str| Expression::compile(source, NAMES).unwrap().evaluate(&big);
    assert_eq!(evaluate("form.list"), Err(EvaluationError::Bound));
    assert_eq!(evaluate("form.text"), Err(EvaluationError::Bound));
    assert!(evaluate("form.list | length").is_ok());
}

#[test]
fn partner_times_are_read_in_every_form_that_is_met() {
    let expected: jiff::Timestamp = "2017-06-05T09:30:00+08:00".parse().unwrap();
    for text in [
        "20170605T093000",
        "20170605093000",
        "2017060509:30:00",
        "2017-6-5 9:30:00",
        "2017-06-05 09:30:00",
        "2017/6/5 9:30",
        " 2017-6-5 9:30:00 ",
        "2017-06-05T09:30:00",
        "2017-06-05 09:30:00.0",
        "2017-06-05T09:30:00+08:00",
        "2017-06-05T01:30:00Z",
    ] {
        assert_eq!(parse_partner_time(text), Some(expected), "{text}");
    }
    assert_eq!(
        parse_partner_time("2017-6-5"),
        "2017-06-05T00:00:00+08:00".parse().ok()
    );
    assert_eq!(
        parse_partner_time("20170605"),
        "2017-06-05T00:00:00+08:00".parse().ok()
    );
    for text in [
        "",
        "无",
        "2017-13-1 0:00:00",
        "2017-2-30",
        "17-6-5 9:30:00",
        "2017-6-5 25:00:00",
        "2017",
        "20170605T9",
        "now",
        "2017-6-5 9",
        "２０１７-6-5",
        "2017-6-5-1",
    ] {
        assert_eq!(parse_partner_time(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_source_makes_the_compiler_or_the_engine_panic(source in "[a-z0-9 ().,|'\"\\[\\]{}:+/%~<>=!-]{0,60}") {
        if let Ok(expression) = Expression::compile(&source, NAMES) {
            let _ = expression.evaluate(&data());
        }
    }

    #[test]
    fn no_text_makes_the_time_reader_panic(text in "\\PC{0,30}") {
        let _ = parse_partner_time(&text);
    }

    #[test]
    fn a_time_written_without_padding_reads_back(seconds in 946_684_800_i64..4_102_444_800) {
        let time = jiff::Timestamp::from_second(seconds).unwrap();
        for form in ["%Y-%-m-%-d %-H:%M:%S", "%Y%m%dT%H%M%S", "%Y%m%d%H%M%S", "%Y%m%d%H:%M:%S"] {
            let written = super::time::format(time, form).unwrap();
            prop_assert_eq!(parse_partner_time(&written), Some(time));
        }
    }
}
