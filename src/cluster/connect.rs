//! Spark Connect, as much of it as takes a query and gives its rows: one call that sets the session's zone, one that runs SQL.
//!
//! The messages are those of `spark/connect/base.proto` and `relations.proto` of Apache Spark, with their numbers; fields that
//! nobody here reads are left out, as protocol buffers allow.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// Who asks, as servers log it.
const CLIENT: &str = concat!("guichets-ouverts/", env!("CARGO_PKG_VERSION"));
/// The most that one message may hold: engines cut their answers into batches of a few megabytes.
const MESSAGE: usize = 128 << 20;
/// How long a server may take to accept a connection.
const PATIENCE: Duration = Duration::from_secs(20);
/// A server that is asked whether it lives so often, and says nothing for as long again, does not.
const ALIVE: Duration = Duration::from_secs(30);

#[derive(Clone, PartialEq, Message)]
struct UserContext {
    #[prost(string, tag = "1")]
    user_id: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sql {
    #[prost(string, tag = "1")]
    query: String,
}

#[derive(Clone, PartialEq, Message)]
struct Relation {
    #[prost(message, optional, tag = "10")]
    sql: Option<Sql>,
}

#[derive(Clone, PartialEq, Message)]
struct Plan {
    #[prost(message, optional, tag = "1")]
    root: Option<Relation>,
}

#[derive(Clone, PartialEq, Message)]
struct ExecutePlanRequest {
    #[prost(string, tag = "1")]
    session_id: String,
    #[prost(message, optional, tag = "2")]
    user_context: Option<UserContext>,
    #[prost(message, optional, tag = "3")]
    plan: Option<Plan>,
    #[prost(string, optional, tag = "4")]
    client_type: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ArrowBatch {
    #[prost(int64, tag = "1")]
    row_count: i64,
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ExecutePlanResponse {
    #[prost(message, optional, tag = "2")]
    arrow_batch: Option<ArrowBatch>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, optional, tag = "2")]
    value: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Set {
    #[prost(message, repeated, tag = "1")]
    pairs: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct Operation {
    #[prost(message, optional, tag = "1")]
    set: Option<Set>,
}

#[derive(Clone, PartialEq, Message)]
struct ConfigRequest {
    #[prost(string, tag = "1")]
    session_id: String,
    #[prost(message, optional, tag = "2")]
    user_context: Option<UserContext>,
    #[prost(message, optional, tag = "3")]
    operation: Option<Operation>,
    #[prost(string, optional, tag = "4")]
    client_type: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct ConfigResponse {}

/// A session with a server. Its queries may run side by side.
pub(super) struct Session {
    channel: Channel,
    id: String,
}

/// Why a query has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// What the server, or the way to it, says.
    Server(Status),
    /// What came is not what the protocol says.
    Answer(String),
}

impl Failure {
    /// The words, and what lies behind them.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Server(status) => format!("{:?}: {}", status.code(), status.message()),
            Self::Answer(what) => what.clone(),
        }
    }
}

impl Session {
    /// Opens a session in which days begin at midnight in UTC. Nothing is asked of the server before the first call.
    pub(super) fn new(authority: &str, id: String) -> Result<Self, tonic::transport::Error> {
        let endpoint = Endpoint::from_shared(format!("http://{authority}"))?
            .connect_timeout(PATIENCE)
            .http2_keep_alive_interval(ALIVE)
            .keep_alive_timeout(ALIVE);
        Ok(Self { channel: endpoint.connect_lazy(), id })
    }

    fn who() -> UserContext {
        UserContext { user_id: "guichets".to_owned() }
    }

    /// Has the server count days and hours in UTC.
    pub(super) async fn count_in_utc(&self) -> Result<(), Failure> {
        let zone = KeyValue { key: "spark.sql.session.timeZone".to_owned(), value: Some("UTC".to_owned()) };
        let request = ConfigRequest {
            session_id: self.id.clone(),
            user_context: Some(Self::who()),
            operation: Some(Operation { set: Some(Set { pairs: vec![zone] }) }),
            client_type: Some(CLIENT.to_owned()),
        };
        let mut grpc = self.ready().await?;
        let codec: ProstCodec<ConfigRequest, ConfigResponse> = ProstCodec::default();
        let path = PathAndQuery::from_static("/spark.connect.SparkConnectService/Config");
        grpc.unary(Request::new(request), path, codec).await.map(drop).map_err(Failure::Server)
    }

    /// The rows of a query. They count only when the server says that these were all: a stream that breaks off is a failure.
    pub(super) async fn rows(&self, query: String) -> Result<Vec<RecordBatch>, Failure> {
        let request = ExecutePlanRequest {
            session_id: self.id.clone(),
            user_context: Some(Self::who()),
            plan: Some(Plan { root: Some(Relation { sql: Some(Sql { query }) }) }),
            client_type: Some(CLIENT.to_owned()),
        };
        let mut grpc = self.ready().await?;
        let codec: ProstCodec<ExecutePlanRequest, ExecutePlanResponse> = ProstCodec::default();
        let path = PathAndQuery::from_static("/spark.connect.SparkConnectService/ExecutePlan");
        let answers = grpc.server_streaming(Request::new(request), path, codec).await.map_err(Failure::Server)?;
        let mut answers = answers.into_inner();
        let mut rows = Vec::new();
        // An execution to which nobody can attach again has no other end than that of its stream, which has a status.
        while let Some(answer) = answers.message().await.map_err(Failure::Server)? {
            if let Some(batch) = answer.arrow_batch {
                rows.extend(batch.rows()?);
            }
        }
        Ok(rows)
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Failure> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(MESSAGE);
        grpc.ready().await.map_err(|error| Failure::Server(Status::from_error(Box::new(error))))?;
        Ok(grpc)
    }
}

impl ArrowBatch {
    /// Its rows, as many as the server says.
    fn rows(&self) -> Result<Vec<RecordBatch>, Failure> {
        let read = || StreamReader::try_new(self.data.as_slice(), None)?.collect::<Result<Vec<_>, _>>();
        let rows = read().map_err(|error| Failure::Answer(format!("a batch of the answer cannot be read: {error}")))?;
        let count: usize = rows.iter().map(RecordBatch::num_rows).sum();
        if i64::try_from(count) != Ok(self.row_count) {
            return Err(Failure::Answer(format!("a batch of {} rows has {count}", self.row_count)));
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;
    use arrow::ipc::writer::StreamWriter;

    use super::*;

    #[test]
    fn a_batch_with_fewer_rows_than_the_server_counts_is_no_answer() {
        let rows = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![1, 2])) as _)]).unwrap();
        let mut data = Vec::new();
        let mut writer = StreamWriter::try_new(&mut data, &rows.schema()).unwrap();
        writer.write(&rows).unwrap();
        writer.finish().unwrap();
        let batch = |row_count, data: &[u8]| ArrowBatch { row_count, data: data.to_owned() }.rows();
        assert_eq!(batch(2, &data).unwrap(), [rows]);
        assert!(batch(3, &data).unwrap_err().told().contains("3 rows has 2"));
        assert!(batch(2, &data[..data.len() / 2]).is_err());
        assert!(batch(0, b"").is_err());
    }
}
