// SSHConfig
