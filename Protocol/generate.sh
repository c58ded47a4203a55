#!/bin/sh
# Generates Sources/AgentAPI/Generated from the .proto files here. Run it after changing one, and commit both.
#
#   Protocol/generate.sh [path of protoc-gen-swift]
#
# Needs protoc (Debian: protobuf-compiler). Without an argument, protoc-gen-swift is built from the swift-protobuf
# that the package uses, which takes minutes.
set -eu
cd "$(dirname "$0")/.."

plugin=${1:-}
if [ -z "$plugin" ]; then
  swift package resolve
  package=.build/checkouts/swift-protobuf
  swift build --package-path "$package" --scratch-path .build/protoc-gen-swift -c release --product protoc-gen-swift
  plugin=.build/protoc-gen-swift/release/protoc-gen-swift
fi

out=Sources/AgentAPI/Generated
mkdir -p "$out"
rm -f "$out"/*.pb.swift
protoc --plugin=protoc-gen-swift="$plugin" --proto_path=Protocol \
  --swift_opt=Visibility=Package,UseAccessLevelOnImports=true,FileNaming=DropPath --swift_out="$out" \
  scout/agent/v1/agent.proto scout/enrollment/v1/enrollment.proto grpc/health/v1/health.proto
