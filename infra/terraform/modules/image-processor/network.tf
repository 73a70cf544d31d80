resource "aws_security_group" "functions" {
  count = var.vpc == null ? 0 : 1

  name        = local.worker_name
  description = "The image worker and its reconciler: they call out and are never called."
  vpc_id      = var.vpc.vpc_id
}

resource "aws_vpc_security_group_egress_rule" "https" {
  count = var.vpc == null ? 0 : 1

  security_group_id = aws_security_group.functions[0].id
  description       = "S3, SQS, Secrets Manager, through a gateway or the VPC's endpoints."
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "database" {
  count = var.vpc == null ? 0 : 1

  security_group_id            = aws_security_group.functions[0].id
  description                  = "The database."
  referenced_security_group_id = var.vpc.database_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = var.vpc.database_port
  to_port                      = var.vpc.database_port
}
