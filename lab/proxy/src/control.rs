//! The side of the test: what it asks for and reads.
//!
//! | request | does |
//! |---|---|
//! | `GET /calls` | every attempt since the last reset, in the order of arrival |
//! | `GET /rules` | the rules with how often each matched |
//! | `POST /rules` | adds a rule, or a list of them |
//! | `DELETE /rules` | takes all rules back |
//! | `POST /reset` | takes all rules back and empties the record |

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;

use crate::{rules::Rule, stage::Stage};

pub(crate) fn router(stage: Stage) -> Router {
    let rules = get(async |State(stage): State<Stage>| json(&stage.rules()))
        .post(add)
        .delete(async |State(stage): State<Stage>| stage.forget_rules());
    Router::new()
        .route("/calls", get(async |State(stage): State<Stage>| json(&stage.calls())))
        .route("/rules", rules)
        .route("/reset", post(async |State(stage): State<Stage>| stage.reset()))
        .with_state(stage)
}

async fn add(State(stage): State<Stage>, body: Bytes) -> Response {
    let many = serde_json::from_slice::<Vec<Rule>>(&body);
    match many.or_else(|_| serde_json::from_slice::<Rule>(&body).map(|rule| vec![rule])) {
        Ok(rules) => {
            stage.add(rules);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => ([(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
