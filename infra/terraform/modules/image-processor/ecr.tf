resource "aws_ecr_repository" "images" {
  #checkov:skip=CKV_AWS_136:images hold public weights and this code; ECR's own AES-256 key does

  name                 = local.worker_name
  image_tag_mutability = "IMMUTABLE"
  force_delete         = var.allow_image_repository_delete

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "images" {
  repository = aws_ecr_repository.images.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "Keep the ten newest releases; fewer versions of the functions than that are kept."
        selection = {
          tagStatus     = "tagged"
          tagPrefixList = [local.image_tag_prefix]
          countType     = "imageCountMoreThan"
          countNumber   = 10
        }
        action = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Untagged images are leftovers of failed pushes."
        selection = {
          tagStatus   = "untagged"
          countType   = "sinceImagePushed"
          countUnit   = "days"
          countNumber = 7
        }
        action = { type = "expire" }
      },
    ]
  })
}

# Named here, or Lambda would have to be allowed to change this policy by itself.
resource "aws_ecr_repository_policy" "images" {
  repository = aws_ecr_repository.images.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LambdaPulls"
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account_id }
        ArnLike = {
          "aws:SourceArn" = [
            for name in [local.worker_name, local.reconciler_name] :
            "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${name}"
          ]
        }
      }
    }]
  })
}
