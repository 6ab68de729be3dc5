//! What `tongban check --database` says of each fault: what is wrong, and what to do about it.

use crate::text::{Language, Text};

/// The words of one kind of fault.
#[derive(Debug, Clone, Copy)]
pub struct Advice {
    /// What is wrong; its key is the fault's code.
    pub what: Text,
    /// What to do.
    pub remedy: Text,
}

macro_rules! advice {
    ($($code:literal $zh:literal $en:literal => $do_zh:literal $do_en:literal;)*) => {
        /// Every code that an examination can report.
        pub const ALL: &[Advice] = &[$(Advice {
            what: Text { key: $code, zh: $zh, en: $en },
            remedy: Text { key: $code, zh: $do_zh, en: $do_en },
        }),*];
    };
}

advice! {
    "schema_older" "数据库结构比本程序旧" "the schema is older than this program's"
        => "启动一次 tongban serve，它会自动升级结构，然后再检查" "start `tongban serve` once, it brings the schema up to date, then check again";
    "schema_newer" "数据库由更新版本的程序写成" "the database was written by a newer program"
        => "使用写入它的版本或更新的版本" "use the version that wrote it, or a newer one";
    "schema_half" "某次结构升级没有完成" "a step of the schema was not finished"
        => "从备份恢复（tongban restore）" "restore a backup (tongban restore)";
    "schema_changed" "结构升级的内容与本程序不同" "a step of the schema is another than this program's"
        => "使用写入它的版本；若是开发版数据，请重新建立" "use the version that wrote it; data of a development version must be made anew";
    "schema_missing" "缺少表或索引" "tables or indexes are missing"
        => "缺索引会使查询变慢：停机后按 migrations 重建；缺表请从备份恢复" "without an index queries are slow: stop the gateway and make it again as in migrations; without a table restore a backup";
    "schema_differs" "表或索引与本程序的定义不同" "tables or indexes differ from this program's"
        => "有人改动过结构：对照 migrations 改回" "somebody has changed them: change them back to what migrations say";
    "schema_more" "有本程序不认识的表或索引" "there are tables or indexes that this program does not know"
        => "不影响使用" "they do no harm";
    "pages_damaged" "数据库文件已损坏" "the database file is damaged"
        => "立即停机，检查磁盘，从备份恢复" "stop the gateway now, test the disk, restore a backup";
    "partition_missing" "未来月份的分区尚未建立" "partitions of coming months are missing"
        => "启动任一节点，它会建立分区；若仍缺少，查看其日志" "start a node, it makes them; if they stay away, look into its log";
    "partition_swallows" "存在默认分区，会吞下不属于任何月份的记录" "there is a default partition: it swallows rows that belong to no month"
        => "把其中的记录移到所属月份，再删除默认分区" "move its rows to their months and drop it";
    "dangling_reference" "有记录引用了不存在的记录" "rows refer to rows that are not there"
        => "从备份恢复，或请开发者对照审计记录修复" "restore a backup, or have it mended by hand with the audit log beside it";
    "event_gap" "办件的事件编号不连续" "events of a case have gaps"
        => "从备份取回缺少的事件；申请人看到的进度不完整" "take the missing events from a backup; what the applicant sees is incomplete";
    "last_seq_differs" "办件记录的最后事件编号与事件不符" "a case's last event is another than it says"
        => "该办件无法再更新：从备份恢复" "the case cannot be changed any more: restore a backup";
    "turn_wrong" "投递的先后次序标记不对" "a delivery has its turn, or not, against the order"
        => "该办件的投递可能停住或乱序：暂停所属系统（tongban deliveries pause）后修复" "its case may be stuck or out of order: pause its system (tongban deliveries pause) and have it mended";
    "due_wrong" "投递的下次时间与状态不符" "a delivery's next time does not fit its state"
        => "用 tongban deliveries show 查看，再 retry 或 discard" "look at it with `tongban deliveries show`, then retry or discard it";
    "delivery_without_case" "投递没有对应的办件" "a delivery has no case"
        => "从备份恢复" "restore a backup";
    "clock_of_ended_case" "已结束的办件仍有时限在走" "clocks run for a case that has ended"
        => "会误报超期；下次有事件时自动更正，否则请修复" "it will be called late; the next event mends it, else have it mended";
    "number_without_serial" "办件编号没有对应的流水号计数" "a case number has no counter of serials"
        => "同一编号可能再次发出：停止受理，补上计数" "the number may be given again: stop intake and restore the counter";
    "serial_behind" "流水号计数落后于已发出的编号" "a counter of serials is behind the numbers that were given"
        => "编号可能重复发出：停止受理，把计数改到已发出的最大值" "numbers may be given twice: stop intake and set the counter to the highest that was given";
    "short_serial_behind" "短编号计数落后于已发出的编号" "a counter of short numbers is behind those that were given"
        => "同上" "as for serial_behind";
    "upload_bytes_differ" "未完成上传的字节数与分段不符" "an unfinished upload counts other bytes than its segments hold"
        => "申请人会重新上传；一天后自动清除" "its sender begins anew; it is swept after a day";
    "file_missing" "材料文件不在磁盘上" "files that rows name are not on the disk"
        => "从备份的 materials 目录取回同名文件" "take them from a backup's materials folder, they have the same names";
    "file_length_differs" "材料文件长度不对" "files are shorter or longer than they were written"
        => "检查磁盘，从备份取回" "test the disk and take them from a backup";
    "file_damaged" "材料文件解不开" "files do not open"
        => "检查磁盘，从备份取回" "test the disk and take them from a backup";
    "file_without_row" "有文件没有对应的记录" "files that no row names"
        => "运行中的网关每十分钟清除一次" "a gateway that runs sweeps them every ten minutes";
    "sealed_application" "申请记录解不开" "applications do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
    "sealed_case_record" "办件记录解不开" "cases do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
    "sealed_case_event" "事件解不开" "events do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
    "sealed_delivery" "投递记录解不开" "deliveries do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
    "sealed_delivery_attempt" "投递往来解不开" "attempts do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
    "sealed_api_key" "接口密钥记录解不开" "rows of keys do not open"
        => "有人直接改过数据库，或 master.key 不是写入时的密钥；此类密钥不会放行任何人：吊销它们并查明何人写入" "somebody wrote into the database by hand, or master.key is another; such keys let nobody in: revoke them and find out who wrote them";
    "sealed_material" "材料记录解不开" "materials do not open"
        => "核对 master.key 是否为写入时的密钥，否则从备份恢复" "see that master.key is the one they were written with, else restore a backup";
}

/// The words of a code; a code of another version has none.
#[must_use]
pub fn advice(code: &str) -> Option<&'static Advice> {
    ALL.iter().find(|advice| advice.what.key == code)
}

/// Words in a language, or the code itself.
#[must_use]
pub fn say(code: &str, language: Language) -> (String, String) {
    advice(code).map_or_else(
        || (code.to_owned(), String::new()),
        |advice| {
            (
                advice.what.say(language).to_owned(),
                advice.remedy.say(language).to_owned(),
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_fault_says_what_to_do_in_both_languages() {
        let mut codes = BTreeSet::new();
        for advice in ALL {
            assert!(codes.insert(advice.what.key), "{} twice", advice.what.key);
            for text in [advice.what, advice.remedy] {
                assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", text.key);
            }
        }
    }

    #[test]
    fn every_code_of_the_examination_has_words() {
        let sources = [
            include_str!("../store/relational/integrity.rs"),
            include_str!("../store/relational/integrity_seals.rs"),
            include_str!("../store/sqlite/integrity_pages.rs"),
            include_str!("../store/postgres/integrity_pages.rs"),
        ];
        for source in sources {
            for (_, tail) in source
                .match_indices("into_fault(\"")
                .map(|(at, found)| (at, &source[at + found.len()..]))
            {
                let code = tail.split('"').next().unwrap_or_default();
                assert!(advice(code).is_some(), "{code} has no words");
            }
        }
    }
}
