//! The side of the AWS client: HTTP/1.1 in, what the [`Stage`] decided out.

use bytes::Bytes;
use futures::{future::pending, stream};
use http::{Request, Response, header::CONTENT_LENGTH};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::BoxBody};
use hyper::{
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::{
    stage::{Answer, Stage},
    upstream::Failure,
};

/// The largest request that is read, in bytes; AWS's own limits are well below.
const LARGEST: usize = 16 * 1024 * 1024;

type Body = BoxBody<Bytes, Failure>;

/// Answers until the process ends.
pub(crate) async fn serve(listener: TcpListener, stage: Stage) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let stage = stage.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(stage.clone(), request));
            // A connection that is cut on purpose ends with an error; so does a client that was killed.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

/// An error closes the connection without an answer.
async fn answer(stage: Stage, request: Request<Incoming>) -> Result<Response<Body>, Failure> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST).collect().await?.to_bytes();
    match stage.play(Request::from_parts(parts, body)).await {
        Answer::Whole(answer) => Ok(answer.map(|body| Full::new(body).map_err(Into::into).boxed())),
        Answer::Half(answer) => Ok(half(answer)),
        Answer::Cut => Err("cut".into()),
        Answer::Silence => pending().await,
    }
}

/// Promises the whole body and breaks off in the middle.
fn half(answer: Response<Bytes>) -> Response<Body> {
    let (mut parts, whole) = answer.into_parts();
    parts.headers.insert(CONTENT_LENGTH, whole.len().into());
    let first = Frame::data(whole.slice(..whole.len() / 2));
    let frames = stream::iter([Ok(first), Err(Failure::from("cut"))]);
    Response::from_parts(parts, BodyExt::boxed(StreamBody::new(frames)))
}
