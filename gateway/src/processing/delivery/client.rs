//! The way to partners: the control plane's outbound client, with the address policy of the installation.

use super::{PartnerClient, SendFailure, transcript};
use crate::outbound::{Deadlines, OutboundClient, OutboundError};
use async_trait::async_trait;
use tongban_adapters::definition::Timeouts;
use tongban_adapters::exchange::{WireReply, WireRequest};

/// The largest answer of a partner that is read, in bytes; documents come by their own way.
pub const REPLY_BYTES_MAX: usize = 8 << 20;

#[async_trait]
impl PartnerClient for OutboundClient {
    async fn send(
        &self,
        request: &WireRequest,
        timeouts: Timeouts,
    ) -> Result<WireReply, SendFailure> {
        let deadlines = Deadlines {
            connect: timeouts.connect,
            idle: timeouts.idle,
            total: timeouts.total,
        };
        match OutboundClient::send(self, request, deadlines, REPLY_BYTES_MAX).await {
            Ok(reply) => Ok(reply),
            Err(OutboundError::NotSent { reason }) => Err(SendFailure::NotSent { words: reason }),
            Err(OutboundError::OutcomeUnknown { cause, received }) => {
                Err(SendFailure::OutcomeUnknown {
                    words: cause.to_string(),
                    received: if received.status == 0 && received.body.is_empty() {
                        Vec::new()
                    } else {
                        transcript::received(&received)
                    },
                })
            }
        }
    }
}
