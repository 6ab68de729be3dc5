//! The page of a case: where it stands, who has it, what is wanted of its applicant, when it will be done, what happened.

use super::clock::{self, ShownClock};
use super::timeline::{self, Entry};
use super::with::Holder;
use crate::application::call::local_time;
use crate::application::progress::folded;
use crate::application::reading::Readable;
use crate::application::refusal::Refusal;
use crate::pages::engine::Page;
use crate::pages::texts::case as texts;
use crate::pages::words::in_catalogue;
use crate::pages::{Pages, PagesState, Visitor};
use crate::processing::life_cycle::{CaseState, State as Standing, SuspensionKind};
use crate::store::material::DocumentRecord;
use crate::text::{Language, Text};
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Serialize;
use tongban_adapters::canonical::{Certificate, DecisionResult};
use tongban_catalog::item::SituationId;
use tongban_catalog::tables::Satisfaction;

/// Events on the page; the rest is in the interface.
const EVENTS_MAX: u32 = 500;

/// What the page shows.
#[derive(Debug, Serialize)]
pub struct CasePage {
    application_no: String,
    case_no: String,
    item_name: String,
    item_code: String,
    situation: Option<String>,
    organisation: String,
    submitted_at: String,
    /// State in the interface's word.
    state: &'static str,
    /// State in words.
    headline: String,
    /// `good`, `warn`, `bad` or empty.
    tone: &'static str,
    reason: Option<String>,
    certificate: Option<Certificate>,
    holder: Option<Holder>,
    correction: Option<Wanted>,
    /// The answer to a notice was sent and waits for the department.
    answered: bool,
    clocks: Vec<ShownClock>,
    timeline: Vec<Entry>,
    documents: Vec<ShownDocument>,
    may_withdraw: bool,
    /// Whether there is a channel by which applicants are told.
    hears: bool,
    evaluation: Option<Vec<Level>>,
    evaluated: bool,
    others: Vec<Other>,
    /// After which event the live stream goes on.
    last_seq: u64,
    /// Faults of what was just sent, each with the id of its field.
    faults: Vec<Fault>,
    /// What was typed into the answer, so that nothing is lost.
    typed: String,
}

/// A correction notice that waits for its answer.
#[derive(Debug, Serialize)]
struct Wanted {
    reason: String,
    /// What to bring, in the department's words (BZCLQD).
    asked: Vec<String>,
    since: String,
    limit: Option<u32>,
    materials: Vec<WantedMaterial>,
}

/// A material of the item for which files may be handed in.
#[derive(Debug, Serialize)]
struct WantedMaterial {
    seq: u16,
    name: String,
    accept: String,
    several: bool,
}

#[derive(Debug, Serialize)]
struct ShownDocument {
    kind: &'static str,
    name: String,
    number: String,
    issuer: String,
    href: Option<String>,
    size: u64,
}

#[derive(Debug, Serialize)]
struct Level {
    value: &'static str,
    label: &'static str,
}

#[derive(Debug, Serialize)]
struct Other {
    case_no: String,
    item_name: String,
}

/// What was wrong with a form of this page.
#[derive(Debug, Clone, Serialize)]
pub struct Fault {
    /// Id of the field.
    pub field: String,
    /// In words.
    pub words: String,
}

/// What a form of this page sent and could not be done.
#[derive(Debug, Default)]
pub struct Refused {
    /// Why.
    pub faults: Vec<Fault>,
    /// What was typed.
    pub typed: String,
}

/// Shows it.
pub async fn show(State(pages): PagesState, visitor: Visitor, Path(no): Path<String>) -> Response {
    let page = page(&pages, &visitor, &no, Refused::default()).await;
    pages.show(&visitor, page)
}

/// The page of a case.
///
/// # Errors
/// 404 alike for what does not exist and what is not the visitor's; the store's.
pub async fn page(
    pages: &Pages,
    visitor: &Visitor,
    no: &str,
    refused: Refused,
) -> Result<CasePage, Refusal> {
    let hall = &pages.hall;
    let readable = hall.readable(&visitor.call, no).await?;
    let case = readable.case()?;
    let state = folded(case)?;
    let store = &hall.intake.store;
    let events = store
        .events(&readable.scope, &case.case_no, 0, EVENTS_MAX)
        .await?;
    let documents = store.documents(&readable.scope, &case.case_no).await?;
    let with = hall
        .holder(&readable, case, &state, visitor.language)
        .await?;
    let snapshot = hall.intake.registry.load();
    let (now, language) = (hall.intake.clock.now(), visitor.language);
    let clocks = state.clocks.each();
    let mut page = CasePage::of(&readable, &state, language)?;
    page.holder = Holder::of(&with, language);
    page.clocks = clocks
        .map(|clock| clock::shown(clock, now, snapshot.calendar(), language))
        .collect();
    if let Some(wanted) = &mut page.correction {
        wanted.asked = timeline::last_asked(&events);
    }
    page.last_seq = events.last().map_or(0, |event| event.seq);
    page.timeline = timeline::entries(&events, language);
    page.documents = documents
        .iter()
        .map(|document| shown_document(document, &page.application_no, language))
        .collect();
    let fact = &case.submission.item;
    if let Some(prepared) = snapshot.item(&fact.id, fact.version) {
        let situation = fact
            .situation
            .as_deref()
            .and_then(|id| prepared.situation(id));
        page.situation = situation
            .as_ref()
            .and_then(|id| prepared.item.situation(id))
            .map(|s| in_language(&s.name, s.name_en.as_deref(), language));
        page.item_name = prepared.item.name_in(in_catalogue(language)).to_owned();
        if let Some(wanted) = &mut page.correction {
            wanted.materials = wanted_materials(&prepared.item, situation.as_ref(), language);
        }
    }
    let announcer = &hall.intake.announcer;
    page.hears = announcer
        .settings()
        .is_some_and(|settings| !settings.applicant_channels().is_empty());
    page.faults = refused.faults;
    page.typed = refused.typed;
    Ok(page)
}

fn in_language(chinese: &str, english: Option<&str>, language: Language) -> String {
    match (language, english) {
        (Language::English, Some(english)) => english.to_owned(),
        _ => chinese.to_owned(),
    }
}

fn wanted_materials(
    item: &tongban_catalog::item::ServiceItem,
    situation: Option<&SituationId>,
    language: Language,
) -> Vec<WantedMaterial> {
    item.materials_for(situation)
        .map(|material| WantedMaterial {
            seq: material.seq,
            name: in_language(&material.name, material.name_en.as_deref(), language),
            accept: crate::pages::apply::receive::accept(material),
            several: material.several,
        })
        .collect()
}

fn shown_document(
    document: &DocumentRecord,
    application_no: &str,
    language: Language,
) -> ShownDocument {
    let kind = match document.kind.as_str() {
        "acceptance" => texts::DOCUMENT_ACCEPTANCE,
        "correction_notice" => texts::DOCUMENT_CORRECTION,
        "decision" => texts::DOCUMENT_DECISION,
        "certificate" => texts::DOCUMENT_CERTIFICATE,
        _ => texts::DOCUMENT_OTHER,
    };
    let released = crate::application::documents::may_leave(&document.material.scan);
    ShownDocument {
        kind: kind.say(language),
        name: document.name.clone(),
        number: document.number.clone(),
        issuer: document.issuer.clone(),
        href: released.then(|| {
            format!(
                "/api/v1/applications/{application_no}/documents/{}",
                document.id
            )
        }),
        size: document.material.size,
    }
}

impl CasePage {
    fn of(readable: &Readable, state: &CaseState, language: Language) -> Result<Self, Refusal> {
        let (record, case) = (&readable.record, readable.case()?);
        let fact = &case.submission.item;
        let (headline, tone) = headline(state);
        let others = record.cases.iter().filter(|c| c.case_no != case.case_no);
        let levels = Satisfaction::ALL.iter().map(|level| Level {
            value: level.code(),
            label: level.label(in_catalogue(language)),
        });
        let may_evaluate = state.state.is_ended() && state.evaluation.is_none();
        Ok(Self {
            application_no: record.application_no.clone(),
            case_no: case.case_no.clone(),
            item_name: fact.name.clone(),
            item_code: fact.code.clone(),
            situation: None,
            organisation: fact.org_name.clone(),
            submitted_at: local_time(record.submitted_at),
            state: state.state.wire(),
            headline: headline.say(language).to_owned(),
            tone,
            reason: reason(state),
            certificate: state.decision.as_ref().and_then(|d| d.certificate.clone()),
            holder: None,
            correction: wanted(state),
            answered: state.suspension.as_ref().is_some_and(|s| s.answered),
            clocks: Vec::new(),
            timeline: Vec::new(),
            documents: Vec::new(),
            may_withdraw: !state.state.is_ended() && !state.withdrawal_open(),
            hears: false,
            evaluation: may_evaluate.then(|| levels.collect()),
            evaluated: state.evaluation.is_some(),
            others: others
                .map(|c| Other {
                    case_no: c.case_no.clone(),
                    item_name: c.submission.item.name.clone(),
                })
                .collect(),
            last_seq: 0,
            faults: Vec::new(),
            typed: String::new(),
        })
    }
}

fn headline(state: &CaseState) -> (Text, &'static str) {
    if let Some(decision) = &state.decision {
        let tone = match decision.result {
            DecisionResult::Granted | DecisionResult::Completed => "good",
            DecisionResult::Denied | DecisionResult::Void | DecisionResult::Lapsed => "bad",
            DecisionResult::Deleted | DecisionResult::PassedOn | DecisionResult::Withdrawn => "",
        };
        return (timeline::decision(decision.result), tone);
    }
    if state.withdrawal_open() {
        return (texts::STATE_WITHDRAWING, "");
    }
    if state.suspension.as_ref().is_some_and(|s| s.answered) {
        return (texts::STATE_ANSWERED, "");
    }
    match state.state {
        Standing::Submitted => (texts::STATE_SUBMITTED, ""),
        Standing::PreAccepted => (texts::STATE_PRE_ACCEPTED, ""),
        Standing::PreCorrection => (texts::STATE_PRE_CORRECTION, "warn"),
        Standing::Handling => (texts::STATE_HANDLING, ""),
        Standing::Correction => (texts::STATE_CORRECTION, "warn"),
        Standing::SpecialProcedure => (texts::STATE_SPECIAL, ""),
        Standing::Closed => (texts::STATE_CLOSED, "good"),
        Standing::Refused => (texts::STATE_REFUSED, "bad"),
        Standing::Collected => (texts::STATE_COLLECTED, "good"),
    }
}

fn reason(state: &CaseState) -> Option<String> {
    let decided = state.decision.as_ref().map(|d| &d.reason);
    let refused = state.refusal.as_ref().map(|r| &r.reason);
    decided
        .or(refused)
        .filter(|words| !words.is_empty())
        .cloned()
}

/// The notice that waits for an answer.
fn wanted(state: &CaseState) -> Option<Wanted> {
    let open = state.suspension.as_ref()?;
    let asks = matches!(
        open.kind,
        SuspensionKind::PreCorrection | SuspensionKind::Correction
    );
    (asks && !open.answered).then(|| Wanted {
        reason: open.reason.clone(),
        asked: Vec::new(),
        since: local_time(open.started),
        limit: Some(open.limit).filter(|days| *days > 0),
        materials: Vec::new(),
    })
}

impl Page for CasePage {
    const TEMPLATE: &'static str = "case.html";

    fn title(&self, language: Language) -> String {
        format!("{} – {}", texts::CASE_TITLE.say(language), self.item_name)
    }

    fn section(&self) -> &'static str {
        "case"
    }

    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)> {
        super::samples::pages(language)
    }
}

/// What a sample of the page shows.
#[cfg(test)]
#[derive(Default)]
pub(super) struct Parts {
    pub(super) holder: Option<Holder>,
    pub(super) timeline: Vec<Entry>,
    pub(super) clocks: Vec<ShownClock>,
    pub(super) faults: Vec<Fault>,
    pub(super) wanted: bool,
    pub(super) answered: bool,
    pub(super) rate: bool,
    pub(super) evaluated: bool,
    pub(super) others: bool,
    pub(super) documents: bool,
    pub(super) certificate: bool,
}

#[cfg(test)]
impl CasePage {
    /// A page with these parts.
    pub(super) fn sample(language: Language, parts: Parts) -> Self {
        let item = crate::pages::items::sample_item();
        let levels = Satisfaction::ALL.iter().map(|level| Level {
            value: level.code(),
            label: level.label(in_catalogue(language)),
        });
        let document = |href: Option<&str>| ShownDocument {
            kind: texts::DOCUMENT_DECISION.say(language),
            name: "决定书<1>".to_owned(),
            number: "粤民爆〔2017〕1号".to_owned(),
            issuer: String::new(),
            href: href.map(str::to_owned),
            size: 123_456,
        };
        let wanted = || Wanted {
            reason: "缺少仓库安全评价报告 <b>".to_owned(),
            asked: vec!["安全评价报告<盖章页>".to_owned()],
            since: "2017-06-05T09:30:00+08:00".to_owned(),
            limit: Some(5),
            materials: wanted_materials(&item, None, language),
        };
        let certificate = || Certificate {
            name: "许可证".to_owned(),
            number: "粤-1".to_owned(),
            validity: "三年".to_owned(),
            issuer: "省经信委".to_owned(),
        };
        Self {
            application_no: "10021300100693911511706050001".to_owned(),
            case_no: "10021300100693911511706050001".to_owned(),
            item_name: item.name.clone(),
            item_code: item.code().to_owned(),
            situation: Some("首次申请".to_owned()),
            organisation: item.org.name.clone(),
            submitted_at: "2017-06-05T09:30:00+08:00".to_owned(),
            state: "handling",
            headline: texts::STATE_HANDLING.say(language).to_owned(),
            tone: if parts.wanted { "warn" } else { "good" },
            reason: parts.rate.then(|| "不符合<第八条>".to_owned()),
            certificate: parts.certificate.then(certificate),
            holder: parts.holder,
            correction: parts.wanted.then(wanted),
            answered: parts.answered,
            clocks: parts.clocks,
            timeline: parts.timeline,
            documents: if parts.documents {
                vec![document(Some("/api/v1/x")), document(None)]
            } else {
                Vec::new()
            },
            may_withdraw: !parts.rate,
            hears: parts.others,
            evaluation: parts.rate.then(|| levels.collect()),
            evaluated: parts.evaluated,
            others: if parts.others {
                vec![Other {
                    case_no: "B1".to_owned(),
                    item_name: "其他".to_owned(),
                }]
            } else {
                Vec::new()
            },
            last_seq: 1,
            faults: parts.faults,
            typed: String::new(),
        }
    }
}
