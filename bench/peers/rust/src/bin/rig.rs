use futures::StreamExt;
use peers::{Asked, Client, KEY};
use rig_core::Model;
use rig_core::completion::CompletionRequest;
use rig_core::providers::openai::OpenAIConfig;
use rig_core::providers::openai::wire::Chat;
use rig_core::streaming::{Item, StreamEvent};
use std::rc::Rc;

struct Peer(Model<Chat>);

impl Client for Peer {
    fn answer(&self, prompt: String) -> Asked<'_, String> {
        Box::pin(async move { self.0.call(CompletionRequest::new(prompt)).await.unwrap().text() })
    }

    fn stream(&self, prompt: String) -> Asked<'_, usize> {
        Box::pin(async move {
            let mut stream = self.0.stream(CompletionRequest::new(prompt)).unwrap();
            let mut texts = 0;
            while let Some(item) = stream.next().await {
                if let Item::Event(StreamEvent::Text { text, .. }) = item.unwrap() {
                    texts += usize::from(!text.is_empty());
                }
            }
            texts
        })
    }
}

fn main() {
    peers::serve(|url| Rc::new(Peer(OpenAIConfig::new(KEY).with_base_url(url).client().chat("any"))));
}
