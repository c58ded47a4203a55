"""Asks health as the kubelet does: plaintext gRPC, no certificate. usage: probe.py PORT SERVICE -> prints the status."""

import sys

import grpc

port, service = sys.argv[1:]
name = service.encode()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    check = channel.unary_unary("/grpc.health.v1.Health/Check")
    try:
        # HealthCheckRequest's first field, and HealthCheckResponse's: 1 is SERVING (grpc/doc/health-checking.md).
        answer = check(bytes([0x0A, len(name)]) + name if name else b"", timeout=3, wait_for_ready=True)
        print("SERVING" if answer == b"\x08\x01" else f"NOT SERVING {answer!r}")
    except grpc.RpcError as error:
        print(error.code().name)
