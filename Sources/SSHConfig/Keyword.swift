/// What is done about each keyword of ssh_config(5). A value.
enum Keyword: Sendable, Hashable {
  case host
  case match
  case include
  case ignoreUnknown
  /// It has a value that Scout uses.
  case setting(SettingKey)
  /// It would change what a connection does, and Scout does not do it: an error for the hosts that it applies to.
  case unsupported(name: String)
  /// It does not concern reading files and running commands, or asks for less than Scout does anyway.
  case ignored

  /// nil for an unknown keyword.
  init?(_ lowercased: String) {
    guard let keyword = Self.table[lowercased] else { return nil }
    self = keyword
  }

  private static let table: [String: Keyword] = {
    var table: [String: Keyword] = [
      "host": .host, "match": .match, "include": .include, "ignoreunknown": .ignoreUnknown,
    ]
    for key in SettingKey.allCases { table[key.rawValue.asciiLowercased()] = .setting(key) }
    table["dsaauthentication"] = .setting(.pubkeyAuthentication)
    table["pubkeyacceptedkeytypes"] = .setting(.pubkeyAcceptedAlgorithms)
    table["challengeresponseauthentication"] = .setting(.kbdInteractiveAuthentication)
    table["skeyauthentication"] = .setting(.kbdInteractiveAuthentication)
    table["tisauthentication"] = .setting(.kbdInteractiveAuthentication)
    for name in unsupportedNames { table[name.asciiLowercased()] = .unsupported(name: name) }
    table["smartcarddevice"] = .unsupported(name: "PKCS11Provider")
    for name in ignoredNames { table[name] = .ignored }
    return table
  }()

  private static let unsupportedNames = [
    "BindInterface", "CanonicalizeHostname", "CertificateFile", "KnownHostsCommand", "PKCS11Provider",
    "RefuseConnection", "RevokedHostKeys",
  ]

  /// In lower case; README.md lists them.
  static let ignoredNames =
    """
    addkeystoagent batchmode canonicaldomains canonicalizefallbacklocal canonicalizemaxdots
    canonicalizepermittedcnames casignaturealgorithms channeltimeout checkhostip clearallforwardings
    connectionattempts controlmaster controlpath controlpersist dynamicforward enableescapecommandline
    enablesshkeysign escapechar exitonforwardfailure fingerprinthash forkafterauthentication forwardagent forwardx11
    forwardx11timeout forwardx11trusted gatewayports gssapiauthentication gssapiclientidentity
    gssapidelegatecredentials gssapikexalgorithms gssapikeyexchange gssapirenewalforcesrekey gssapiserveridentity
    gssapitrustdns hostbasedacceptedalgorithms hostbasedauthentication hostbasedkeytypes ipqos
    kbdinteractivedevices keepalive localcommand localforward loglevel logverbose nohostauthenticationforlocalhost
    numberofpasswordprompts obscurekeystroketiming permitlocalcommand permitremoteopen proxyusefdpass
    rekeylimit remotecommand remoteforward requesttty securitykeyprovider sendenv sessiontype setenv stdinnull
    streamlocalbindmask streamlocalbindunlink syslogfacility tcpkeepalive tunnel tunneldevice updatehostkeys
    useblacklistedkeys usekeychain useprivilegedport useroaming usersh verifyhostkeydns versionaddendum visualhostkey
    warnweakcrypto xauthlocation
    afstokenpassing cipher compressionlevel fallbacktorsh globalknownhostsfile2 kerberosauthentication
    kerberostgtpassing protocol rhostsauthentication rhostsrsaauthentication rsaauthentication userknownhostsfile2
    """.split { $0 == " " || $0 == "\n" }.map(String.init)
}

/// The keywords whose values are used; the raw value is the spelling of ssh_config(5).
enum SettingKey: String, Sendable, Hashable, CaseIterable {
  case addressFamily = "AddressFamily"
  case bindAddress = "BindAddress"
  case ciphers = "Ciphers"
  case compression = "Compression"
  case connectTimeout = "ConnectTimeout"
  case globalKnownHostsFile = "GlobalKnownHostsFile"
  case hashKnownHosts = "HashKnownHosts"
  case hostKeyAlgorithms = "HostKeyAlgorithms"
  case hostKeyAlias = "HostKeyAlias"
  case hostName = "HostName"
  case identitiesOnly = "IdentitiesOnly"
  case identityAgent = "IdentityAgent"
  case identityFile = "IdentityFile"
  case kbdInteractiveAuthentication = "KbdInteractiveAuthentication"
  case kexAlgorithms = "KexAlgorithms"
  case macs = "MACs"
  case passwordAuthentication = "PasswordAuthentication"
  case port = "Port"
  case preferredAuthentications = "PreferredAuthentications"
  case proxyCommand = "ProxyCommand"
  case proxyJump = "ProxyJump"
  case pubkeyAcceptedAlgorithms = "PubkeyAcceptedAlgorithms"
  case pubkeyAuthentication = "PubkeyAuthentication"
  case requiredRSASize = "RequiredRSASize"
  case serverAliveCountMax = "ServerAliveCountMax"
  case serverAliveInterval = "ServerAliveInterval"
  case strictHostKeyChecking = "StrictHostKeyChecking"
  case tag = "Tag"
  case user = "User"
  case userKnownHostsFile = "UserKnownHostsFile"
}
