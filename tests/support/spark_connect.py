"""An engine that speaks Spark Connect, behind something that may spoil what it is asked and what it answers.

The engine is Sail, in this process. Prints its port, and ends with its standard input. The argument says what goes wrong:

right      nothing
other      another question is answered than was asked
broken     the first three answers break off after their first rows
short      an answer has fewer rows than the server counts
silent     the tenth question has no answer
gone       the process ends in the middle of the tenth answer
worker     of two workers, each a process of its own, one is killed at the tenth question
"""

import itertools
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from pysail.spark import SparkConnectServer
from pyspark.sql.connect.proto import base_pb2_grpc

import sail_workers

FAULT = sys.argv[1]
CALLS = itertools.count(1)


class Between(base_pb2_grpc.SparkConnectServiceServicer):
    def __init__(self, engine):
        self.engine = engine

    def Config(self, request, context):
        pairs = {pair.key: pair.value for pair in request.operation.set.pairs}
        if pairs != {"spark.sql.session.timeZone": "UTC"}:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"the zone of the session is {pairs}")
        return self.engine.Config(request)

    def ExecutePlan(self, request, context):
        call = next(CALLS)
        if FAULT == "silent" and call == 10:
            time.sleep(3600)
        if FAULT == "worker" and call == 10:
            sail_workers.kill_one()
        if FAULT == "other":
            sql = request.plan.root.sql
            sql.query = sql.query.replace("COUNT(*) AS ", "COUNT(*) + 1 AS ")
        try:
            for answer in self.engine.ExecutePlan(request):
                if answer.HasField("arrow_batch"):
                    if FAULT == "gone" and call >= 10:
                        os._exit(1)
                    if FAULT == "short":
                        answer.arrow_batch.row_count += 1
                    yield answer
                    if FAULT == "broken" and call <= 3:
                        context.abort(grpc.StatusCode.UNAVAILABLE, "a worker was lost")
                else:
                    yield answer
        except grpc.RpcError as error:
            context.abort(error.code(), error.details())


def main():
    if FAULT == "worker":
        port = sail_workers.serve()
    else:
        engine = SparkConnectServer()
        engine.start(background=True)
        _, port = engine.listening_address
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_receive_message_length", 1 << 28)])
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", 1 << 28)])
    base_pb2_grpc.add_SparkConnectServiceServicer_to_server(Between(base_pb2_grpc.SparkConnectServiceStub(channel)), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    sys.stdin.read()
    sail_workers.end()
    os._exit(0)


main()
