"""A gRPC client that knows nothing of Scout but Protocol/: it calls a scripted agent (ScriptedAgent.swift) and checks the
answers. Run by GRPCClientTests.swift:

    python client.py ADDRESS PROTOCOL_DIRECTORY GENERATED_DIRECTORY

It writes READY when only the watch of health is left, and ends well when that has seen the server drain.
"""

import pathlib
import sys
import threading

import grpc
from grpc_tools import protoc

address, protocol, generated = sys.argv[1:4]
protos = ["scout/agent/v1/agent.proto", "grpc/health/v1/health.proto"]
failed = protoc.main(
    ["protoc", f"--proto_path={protocol}", f"--python_out={generated}", f"--grpc_python_out={generated}", *protos])
assert failed == 0, "protoc"

# `grpc` is grpcio's own package: the generated health service becomes a part of it.
sys.path.insert(0, generated)
grpc.__path__.append(str(pathlib.Path(generated) / "grpc"))
from grpc.health.v1 import health_pb2, health_pb2_grpc  # noqa: E402
from scout.agent.v1 import agent_pb2, agent_pb2_grpc  # noqa: E402

channel = grpc.insecure_channel(address, options=[("grpc.max_receive_message_length", 64 << 20)])
agent = agent_pb2_grpc.AgentStub(channel)
health = health_pb2_grpc.HealthStub(channel)
metadata = (("scout-request-id", "py-1"), ("scout-principal", "J%C3%BCrgen"))


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("it did not fail")


def trailers(call):
    return dict(call.trailing_metadata())


def timings(call):
    found = trailers(call)
    assert found["scout-host-us"] == "1200", found
    assert found["scout-connect-us"] == "30", found
    assert found["scout-queue-us"] == "4", found
    assert found["scout-pool"] == "hit", found


def describe():
    reply = agent.Describe(agent_pb2.DescribeRequest(), timeout=20, metadata=metadata)
    assert reply.agent_name == "scripted" and reply.protocol_version == 2, reply
    assert reply.segment == "Jürgen", reply
    assert [host.alias for host in reply.hosts] == ["ok"], reply
    # Without a deadline and without metadata.
    assert agent.Describe(agent_pb2.DescribeRequest()).agent_name == "scripted"


def watch():
    call = agent.Watch(agent_pb2.WatchRequest(heartbeat_ms=1), timeout=20)
    kinds = [next(call).WhichOneof("event") for _ in range(4)]
    assert kinds == ["inventory", "heartbeat", "heartbeat", "heartbeat"], kinds
    call.cancel()
    assert failure(lambda: next(call)).code() == grpc.StatusCode.CANCELLED


def stat():
    info, call = agent.Stat.with_call(agent_pb2.StatRequest(host="ok", path=b"/\xff\n"), timeout=20)
    assert (info.name, info.size, info.mode) == (b"/\xff\n", 1 << 40, 0o644), info
    timings(call)


def read():
    call = agent.Read(agent_pb2.ReadRequest(host="ok", limit=20_000_000), timeout=60)
    chunks = list(call)
    assert chunks[0].info.size == 20_000_000
    data = b"".join(chunk.data for chunk in chunks)
    assert data == b"\x07" * 20_000_000, len(data)
    timings(call)


def list_entries():
    call = agent.List(agent_pb2.ListRequest(host="ok", limit=250), timeout=20)
    batches = list(call)
    assert [entry.name for batch in batches for entry in batch.entries] == [b"entry %d" % n for n in range(250)]
    assert batches[-1].total_seen == 250
    timings(call)


def run():
    call = agent.Run(agent_pb2.RunRequest(host="ok", argv=["echo", "a b"]), timeout=20, metadata=metadata)
    events = list(call)
    assert [event.WhichOneof("event") for event in events] == ["accepted", "stdout", "stderr", "exit"], events
    assert events[1].stdout == b"echo a b"
    assert events[2].stderr == "Jürgen py-1".encode()
    assert events[3].exit.code == 3
    timings(call)


def errors():
    error = failure(lambda: agent.Stat(agent_pb2.StatRequest(host="overloaded"), timeout=20))
    found = trailers(error)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
    assert error.details() == "as told: overloaded", error
    assert found["scout-code"] == "overloaded" and found["scout-scope"] == "agent", found
    assert found["scout-may-have-run"] == "false" and found["scout-phase"] == "operation", found
    assert found["scout-elapsed-ms"] == "12" and found["grpc-retry-pushback-ms"] == "50", found
    error = failure(lambda: list(agent.Read(agent_pb2.ReadRequest(host="nowhere"), timeout=20)))
    assert error.code() == grpc.StatusCode.NOT_FOUND and trailers(error)["scout-code"] == "unknown_host", error


def deadline():
    error = failure(lambda: agent.Stat(agent_pb2.StatRequest(host="hang"), timeout=0.3))
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error


def cancel():
    call = agent.Stat.future(agent_pb2.StatRequest(host="hang"), timeout=60)
    done = threading.Event()
    call.add_done_callback(lambda _: done.set())
    # An answer on the same connection: the hanging call has been sent before it.
    stat()
    call.cancel()
    assert done.wait(20) and call.cancelled()


def oversized():
    error = failure(lambda: agent.Stat(agent_pb2.StatRequest(host="ok", path=b"x" * (5 << 20)), timeout=20))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED, error
    # 4 MiB less what the other fields take passes.
    path = b"x" * ((4 << 20) - 64)
    assert agent.Stat(agent_pb2.StatRequest(host="ok", path=path), timeout=20).name == path


def unknown_method():
    call = channel.unary_unary("/scout.agent.v1.Agent/Teleport")
    error = failure(lambda: call(b"", timeout=20))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error
    assert "/scout.agent.v1.Agent/Teleport" in error.details(), error


def not_a_message():
    call = channel.unary_unary("/scout.agent.v1.Agent/Stat")
    error = failure(lambda: call(b"\xff\xff", timeout=20))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error


def compressed():
    request = agent_pb2.StatRequest(host="ok", path=b"x" * 10_000)
    error = failure(lambda: agent.Stat(request, timeout=20, compression=grpc.Compression.Gzip))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED, error


def several_messages():
    call = channel.stream_unary("/scout.agent.v1.Agent/Stat")
    error = failure(lambda: call(iter([b"", b""]), timeout=20))
    assert error.code() == grpc.StatusCode.INTERNAL, error


def many_at_once():
    calls = [agent.Stat.future(agent_pb2.StatRequest(host="ok", path=b"%d" % n), timeout=60) for n in range(1000)]
    assert [call.result().name for call in calls] == [b"%d" % n for n in range(1000)]


def health_check():
    for service in ("", "scout.agent.v1.Agent", "grpc.health.v1.Health"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, answer
    error = failure(lambda: health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=20))
    assert error.code() == grpc.StatusCode.NOT_FOUND, error


def health_watch():
    unknown = health.Watch(health_pb2.HealthCheckRequest(service="other"), timeout=20)
    assert next(unknown).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    unknown.cancel()
    call = health.Watch(health_pb2.HealthCheckRequest(), timeout=60)
    assert next(call).status == health_pb2.HealthCheckResponse.SERVING
    print("READY", flush=True)
    assert next(call).status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert failure(lambda: next(call)).code() == grpc.StatusCode.UNAVAILABLE


checks = [
    describe, watch, stat, read, list_entries, run, errors, deadline, cancel, oversized, unknown_method, not_a_message,
    compressed, several_messages, many_at_once, health_check, health_watch,
]
for check in checks:
    try:
        check()
    except BaseException as error:
        error.add_note(f"in check {check.__name__}")
        raise
    print("passed", check.__name__, flush=True)
