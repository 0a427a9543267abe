use http::header;
use http_body::Body;
use salvo::{Depot, FlowCtrl, Handler, Request, Response, async_trait};

/// A hoop that says in the head what size a body has, which salvo's adapter for layers of tower forgets, whatever
/// the layer. It goes inside of them.
#[derive(Clone, Copy, Debug)]
pub struct KnownSize;

#[async_trait]
impl Handler for KnownSize {
    async fn handle(
        &self,
        request: &mut Request,
        depot: &mut Depot,
        response: &mut Response,
        ctrl: &mut FlowCtrl,
    ) {
        ctrl.call_next(request, depot, response).await;
        // A response without a body may be one that has no length to tell.
        if let Some(size) = response.body.size_hint().exact().filter(|_| !response.body.is_none()) {
            response.headers_mut().insert(header::CONTENT_LENGTH, size.into());
        }
    }
}
