import Foundation
import SystemPackage
import TestFleet
import Testing

@testable import Enrollment

/// Against openssl(1): what it makes of our certificates, and what we make of its requests.
@Suite struct OpenSSLTests {
  private let installation: Installation
  private let stored: StoredCertificate

  init() throws {
    // openssl(1) verifies at the real time.
    installation = try Installation(now: Date())
    stored = try CertificateStore(installation.scratch.path.appending("own"))
      .install(installation.authority.issueWithKey(Installation.agent(), now: Date()))
  }

  private func openssl(_ arguments: String...) async throws -> (status: Int32, output: String) {
    try await programRun("/usr/bin/openssl", arguments)
  }

  @Test(arguments: ["sslclient", "sslserver"])
  func theChainIsGoodEitherWay(purpose: String) async throws {
    let run = try await openssl(
      "verify", "-x509_strict", "-check_ss_sig", "-purpose", purpose, "-verify_hostname", stored.identity.serverName,
      "-CAfile", stored.authorityFile, stored.chainFile)
    #expect(run.status == 0, "\(run.output)")
  }

  @Test func otherNamesAndAuthoritiesAreNot() async throws {
    let other = try await openssl(
      "verify", "-verify_hostname", "web2.dc1.agent.scout", "-CAfile", stored.authorityFile, stored.chainFile)
    #expect(other.status != 0)
    let foreign = try Installation(now: Date())
    let file = foreign.authority.path.appending("authority.pem").string
    let wrong = try await openssl("verify", "-no-CApath", "-no-CAstore", "-CAfile", file, stored.chainFile)
    #expect(wrong.status != 0)
  }

  @Test func whatIsInTheCertificate() async throws {
    let text = try await openssl("x509", "-in", stored.chainFile, "-noout", "-text", "-serial").output
    for part in [
      "URI:spiffe://scout/agent/dc1/web1", "DNS:web1.dc1.agent.scout", "CA:FALSE", "Digital Signature",
      "TLS Web Server Authentication, TLS Web Client Authentication", "ecdsa-with-SHA256", "prime256v1",
      "serial=" + stored.leaf.serial.text.uppercased(),
    ] { #expect(text.contains(part), "\(part)") }
  }

  @Test func theKeyBelongsToTheCertificateAndThePinToTheAuthority() async throws {
    let key = try await openssl("pkey", "-in", stored.keyFile, "-pubout").output
    let certificate = try await openssl("x509", "-in", stored.chainFile, "-noout", "-pubkey").output
    #expect(key == certificate)
    let publicKey = installation.scratch.path.appending("authority.pub").string
    let der = installation.scratch.path.appending("authority.der").string
    _ = try await openssl("x509", "-in", stored.authorityFile, "-noout", "-pubkey", "-out", publicKey)
    _ = try await openssl("pkey", "-pubin", "-in", publicKey, "-outform", "DER", "-out", der)
    let digest = try await openssl("dgst", "-sha256", "-r", der).output
    #expect("sha256:" + digest.prefix(64) == installation.authority.pin.text)
  }

  @Test func ourRequestIsGood() async throws {
    let file = installation.scratch.path.appending("own.csr").string
    try Data(try KeyAndRequest().request).write(to: URL(filePath: file))
    let run = try await openssl("req", "-inform", "DER", "-in", file, "-verify", "-noout")
    #expect(run.status == 0, "\(run.output)")
  }

  @Test(
    arguments: [
      ("EC", "ec_paramgen_curve:P-256", nil), ("EC", "ec_paramgen_curve:P-384", nil),
      ("EC", "ec_paramgen_curve:P-521", .keyNotAllowed), ("RSA", "rsa_keygen_bits:2048", .keyNotAllowed),
      ("ED25519", "", .keyNotAllowed), ("EC", "ec_paramgen_curve:secp256k1", .badRequest),
    ] as [(String, String, EnrollmentError.Code?)])
  func requestsOfOpenSSL(algorithm: String, option: String, code: EnrollmentError.Code?) async throws {
    let key = installation.scratch.path.appending("key.pem").string
    let file = installation.scratch.path.appending("request").string
    let options = option.isEmpty ? [] : ["-pkeyopt", option]
    _ = try await programRun("/usr/bin/openssl", ["genpkey", "-algorithm", algorithm] + options + ["-out", key])
    for form in ["PEM", "DER"] {
      // The subject and the names that it asks for count for nothing.
      let run = try await openssl(
        "req", "-new", "-key", key, "-subj", "/CN=root", "-addext",
        "subjectAltName=URI:spiffe://scout/coordinator/main",
        "-outform", form, "-out", file)
      #expect(run.status == 0, "\(run.output)")
      let bytes = Array(try Data(contentsOf: URL(filePath: file)))
      #expect(refusal { _ = try CertificateRequest(bytes) } == code)
      guard code == nil else { continue }
      let leaf = try installation.authority.issue(
        Installation.agent(), for: CertificateRequest(bytes), now: Date()
      ).leaf
      #expect(leaf.identity == (try Installation.agent()))
    }
  }
}
