//! What leads to each fail point of the gateway.

/// What a client, an operator or time does so that the process passes a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// An application to this kind of partner.
    Apply(&'static str),
    /// Several applications at once.
    Together(&'static str),
    /// A resumable upload in two parts.
    Part,
    /// An upload that is longer than one request to a bucket.
    Long,
    /// An upload that nobody binds, and a day that passes.
    Sweep,
    /// Working days pass.
    Clock,
    /// A message that came before its predecessor has waited long enough.
    Held,
    /// A bulk job over a dead letter.
    Bulk,
    /// An item with a new name is applied.
    Register,
    /// A changed holiday notice is applied.
    Notice,
    /// A partner hands a document back.
    HandBack,
    /// It hands back one that it has handed back before.
    HandBackAgain,
}

/// Each point with its way, by the test that ends there.
const WAYS: &[(&str, &str, Way)] = &[
    ("intake", "audit.written", Way::Apply("soap")),
    ("intake", "intake.checked", Way::Apply("soap")),
    ("intake", "intake.committed", Way::Apply("soap")),
    ("intake", "material.moved", Way::Apply("soap")),
    ("intake", "material.placed", Way::Apply("soap")),
    ("intake", "material.stored", Way::Apply("soap")),
    ("intake", "material.synced", Way::Apply("soap")),
    ("intake", "material.written", Way::Apply("soap")),
    ("intake", "submit.before_audit", Way::Apply("soap")),
    ("intake", "submit.case_written", Way::Apply("soap")),
    ("intake", "submit.group_before_audit", Way::Together("soap")),
    ("intake", "submit.group_numbered", Way::Together("soap")),
    ("intake", "submit.numbered", Way::Apply("soap")),
    ("intake", "upload.completed", Way::Part),
    ("intake", "upload.segment_placed", Way::Part),
    ("intake", "upload.segment_stored", Way::Part),
    ("intake", "writer.answered", Way::Apply("soap")),
    ("intake", "writer.before_commit", Way::Apply("soap")),
    ("intake", "writer.begun", Way::Apply("soap")),
    ("intake", "writer.committed", Way::Apply("soap")),
    ("intake", "writer.write_run", Way::Apply("soap")),
    ("exchange", "change.committed", Way::Apply("soap")),
    ("exchange", "change.planned", Way::Apply("rest")),
    ("exchange", "changes.written", Way::Apply("soap")),
    ("exchange", "delivery.before_finish", Way::Apply("rest")),
    ("exchange", "delivery.before_journal", Way::Apply("rest")),
    ("exchange", "delivery.before_send", Way::Apply("soap")),
    ("exchange", "delivery.finished", Way::Apply("soap")),
    ("exchange", "delivery.leased", Way::Apply("soap")),
    ("exchange", "delivery.reply_journalled", Way::Apply("rest")),
    ("exchange", "delivery.reply_read", Way::Apply("rest")),
    ("exchange", "delivery.sent", Way::Apply("soap")),
    ("exchange", "feedback.arrived", Way::Apply("soap")),
    ("exchange", "feedback.stored", Way::Apply("soap")),
    ("exchange", "poll.applied", Way::Apply("xml")),
    ("exchange", "poll.asked", Way::Apply("xml")),
    ("exchange", "poll.taken", Way::Apply("xml")),
    ("exchange", "words.heard", Way::Apply("soap")),
    ("exchange", "words.written", Way::Apply("rest")),
    // Ended at by the test of notifications, which has somebody to send them to.
    ("notifications", "notification.leased", Way::Apply("soap")),
    ("notifications", "notification.sent", Way::Apply("soap")),
    ("notifications", "notification.settled", Way::Apply("soap")),
    ("bucket", "bucket.part_put", Way::Long),
    ("bucket", "material.put", Way::Apply("soap")),
    ("documents", "document.received", Way::HandBack),
    ("documents", "document.material_written", Way::HandBack),
    ("documents", "document.written", Way::HandBack),
    ("documents", "document.stored", Way::HandBack),
    ("documents", "document.known", Way::HandBackAgain),
    ("documents", "document.discarded", Way::HandBackAgain),
    ("bulk", "bulk.before_end", Way::Bulk),
    ("bulk", "bulk.before_release", Way::Bulk),
    ("bulk", "bulk.ended", Way::Bulk),
    ("bulk", "bulk.released", Way::Bulk),
    ("database", "postgres.before_end", Way::Apply("soap")),
    ("database", "postgres.begun", Way::Apply("soap")),
    ("database", "postgres.ended", Way::Apply("soap")),
    ("recomputation", "recomputation.counted", Way::Notice),
    ("recomputation", "recomputation.begun", Way::Notice),
    ("recomputation", "recomputation.before_advance", Way::Notice),
    ("recomputation", "recomputation.advanced", Way::Notice),
    ("recomputation", "recomputation.before_end", Way::Notice),
    ("recomputation", "recomputation.ended", Way::Notice),
    ("registry", "registry.applied", Way::Register),
    ("registry", "registry.written", Way::Register),
    ("scan", "scan.due", Way::Apply("soap")),
    ("scan", "scan.judged", Way::Apply("soap")),
    ("scan", "scan.settled", Way::Apply("soap")),
    ("time", "clock.acted", Way::Clock),
    ("time", "clock.due", Way::Clock),
    ("time", "held.due", Way::Held),
    ("time", "held.settled", Way::Held),
    // Here no application waits to be sent again: what it names would be swept too.
    ("time", "sweep.rows_gone", Way::Sweep),
];

/// Every test that ends at points.
pub(crate) const TESTS: [&str; 11] = [
    "intake",
    "exchange",
    "bucket",
    "bulk",
    "documents",
    "time",
    "database",
    "notifications",
    "recomputation",
    "registry",
    "scan",
];

/// The points of a test, in order.
pub(crate) fn ways(test: &str) -> impl Iterator<Item = (&'static str, Way)> {
    WAYS.iter()
        .filter(move |(of, ..)| *of == test)
        .map(|(_, point, way)| (*point, *way))
}
