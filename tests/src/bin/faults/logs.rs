//! What is left of a run: the logs of everything that ran, where they are asked for.

use crate::topology::Topology;

impl Topology {
    fn keep_logs(&self) -> std::io::Result<()> {
        let Some(kept) = &self.setting.logs else {
            return Ok(());
        };
        std::fs::create_dir_all(kept)?;
        if let Some(database) = &self.database {
            std::fs::copy(database.server().log(), kept.join("postgres.log"))?;
        }
        if let Some(redis) = &self.redis {
            std::fs::copy(&redis.running.log, kept.join("redis.log"))?;
        }
        for entry in std::fs::read_dir(self.folder.path())? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "log" || e == "jsonl")
                && let Some(name) = path.file_name()
            {
                std::fs::copy(&path, kept.join(name))?;
            }
        }
        Ok(())
    }
}

impl Drop for Topology {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.running = None;
        }
        if let Err(error) = self.keep_logs() {
            eprintln!("the logs could not be kept: {error}");
        }
    }
}
