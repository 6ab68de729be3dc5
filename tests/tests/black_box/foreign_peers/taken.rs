//! What every stack has to take from us, whatever it is made of.

use super::peer::{Server, sources_with};
use serde_json::{Value, json};
use tempfile::TempDir;
use tongban_tests::hall::{Hall, STATE_MAX};
use tongban_tests::http::get;
use tongban_tests::process::eventually;
use tongban_tests::sample::{Taken, body, fresh_key, item, post, uploads};

/// Markup, quotes of every kind, characters of two, three and four bytes, a carriage return and blanks inside.
pub(super) const PROJECT: &str = "项目 & <b>“甲”</b> \"乙\" '丙' ]]> ① é 𠮷😀 完";
/// The same without what GBK lacks.
pub(super) const PROJECT_GBK: &str = "项目 & <b>“甲”</b> \"乙\" '丙' ]]> ① 珠海镕堃 完";

/// A hall whose cases of the sample go to one system on a foreign stack.
pub(super) struct Case {
    pub hall: Hall,
    pub server: Server,
    _folder: TempDir,
}

impl Case {
    /// Starts the server, registers the definition as an operator would, and opens the hall.
    pub(super) async fn open(
        server: &str,
        system: &str,
        environment: &[(&'static str, &str)],
    ) -> Self {
        let server = Server::start(server).await;
        let folder = tempfile::tempdir().unwrap();
        let sources = sources_with(folder.path(), system, item("soap"));
        let mut all = vec![("PEER_ENDPOINT", server.endpoint.clone())];
        all.extend(environment.iter().map(|(k, v)| (*k, (*v).to_owned())));
        let hall = Hall::open_on(&sources, &[], &all).await;
        Self {
            hall,
            server,
            _folder: folder,
        }
    }

    /// Submits an application; `information` tells the server what to answer.
    pub(super) async fn submit(&self, project: &str, information: &str) -> Taken {
        let materials = uploads(self.hall.public, "soap").await;
        let mut body = body("soap", &materials);
        body["form"]["project_name"] = project.into();
        body["form"]["information"] = information.into();
        Taken::of(&post(self.hall.public, &fresh_key(), &body).await)
    }

    /// The delivery of a case, with its attempts, once it is in a state.
    pub(super) async fn delivery(&self, taken: &Taken, state: &str) -> Value {
        let query = format!("case={}", taken.no);
        let what = format!("the delivery of {} is {state}", taken.no);
        let line = eventually(&what, STATE_MAX, || async {
            let all = self.hall.listed(&query).await;
            all.into_iter().find(|d| d["state"] == state)
        })
        .await;
        let id = &line["id"];
        let path = format!("/ops/v1/deliveries/{id}");
        get(self.hall.operations, &path).await.json()
    }

    /// An application arrives as it was written.
    pub(super) async fn arrives(&self, project: &str) -> Value {
        let taken = self.submit(project, "accept").await;
        self.delivery(&taken, "delivered").await;
        let call = self.server.call_about(&taken.no);
        let inside = &call["inside"];
        let (plain, empty) = match inside["SBXMMC"].is_null() {
            true => (&call["project"], &call["remark"]),
            false => (&inside["SBXMMC"], &inside["LOGINNAME"]),
        };
        assert_eq!(plain, project, "{call:#}");
        assert_eq!(empty, "", "{call:#}");
        if inside["SBXMMC"].is_null() {
            assert_eq!(inside["project"], project, "{call:#}");
            assert_eq!(
                (&inside["remark"], &call["applicant"]),
                (&json!(""), &json!("张三样例"))
            );
        }
        call
    }

    /// A business refusal is a dead letter that names code and reason.
    pub(super) async fn refusal(&self) {
        let taken = self.submit("样例公开申请", "refuse").await;
        let dead = self.delivery(&taken, "dead").await;
        let words = dead["last_words"].as_str().unwrap();
        assert!(words.starts_with("2: 材料不全"), "{dead:#}");
        assert_eq!(dead["last_code"], "refused");
    }

    /// A fault of the message is a dead letter; one of the receiver is tried again; one that the definition knows is what it says.
    pub(super) async fn faults(&self, sender: &str, receiver: &str) {
        let taken = self.submit("样例公开申请", "sender fault").await;
        let dead = self.delivery(&taken, "dead").await;
        assert_eq!(
            (&dead["last_code"], &dead["last_words"], &dead["attempts"]),
            (&json!("refused"), &json!(sender), &json!(1)),
            "{dead:#}"
        );
        let taken = self.submit("样例公开申请", "business fault").await;
        let dead = self.delivery(&taken, "dead").await;
        let expected = "E2001: 该事项不由本部门办理｜InvocationTargetException";
        assert_eq!(dead["last_words"], expected, "{dead:#}");
        let taken = self.submit("样例公开申请", "receiver fault once").await;
        let delivered = self.delivery(&taken, "delivered").await;
        let history = delivered["history"].as_array().unwrap();
        let said: Vec<_> = history
            .iter()
            .map(|a| (a["code"].as_str().unwrap(), a["words"].as_str().unwrap()))
            .collect();
        assert_eq!(said, [("unavailable", receiver), ("accepted", "")]);
    }

    /// Another credential than agreed is a dead letter.
    pub(super) async fn wrong_credential(&self) {
        let taken = self.submit("样例公开申请", "accept").await;
        let dead = self.delivery(&taken, "dead").await;
        assert_eq!(dead["last_words"], "4: 身份标识错误", "{dead:#}");
    }
}
